import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPeople } from './people.ts';
import { createMemoryPeople } from './testing/memory-people.ts';
import { createManualClock } from './testing/samples.ts';

async function open(memory = createMemoryPeople()) {
  const people = createPeople({ store: memory.store, clock: createManualClock() });
  await people.load();
  const roleOf = (externalId: string, channel = 'telegram') =>
    people.roleOf({ externalId, name: 'x' }, channel);
  const add = (externalId: string, role: 'owner' | 'member', channel = 'telegram') =>
    people.add({ channel, externalId, role, name: 'Grace', addedBy: 'Ada' });
  return { people, memory, roleOf, add };
}

describe('people', () => {
  it('are strangers until the owner admits them, and again once they are removed', async () => {
    const { people, memory, roleOf, add } = await open();
    expect(roleOf('7')).toBe('stranger');
    await add('7', 'member');
    expect(roleOf('7')).toBe('member');
    await add('7', 'owner');
    expect(roleOf('7')).toBe('owner');
    expect(people.list()).toHaveLength(1);
    await people.remove('telegram', '7', 'Ada');
    expect(roleOf('7')).toBe('stranger');
    expect(memory.audit.map(({ event, actor, subject }) => `${event} ${actor} ${subject}`)).toEqual([
      'person-added person:Ada telegram:7',
      'person-added person:Ada telegram:7',
      'person-removed person:Ada telegram:7',
    ]);
  });

  it('are told apart by channel and id, never by name', async () => {
    const { roleOf, add } = await open();
    await add('7', 'owner');
    expect(roleOf('7', 'slack')).toBe('stranger');
    expect(roleOf('Grace')).toBe('stranger');
  });

  it('are known after a restart', async () => {
    const memory = createMemoryPeople();
    await (await open(memory)).add('7', 'member');
    expect((await open(memory)).roleOf('7')).toBe('member');
  });

  it('never take this machine from who holds its token', async () => {
    const { people, roleOf, add } = await open();
    expect(roleOf('owner', 'http')).toBe('owner');
    expect(await add('owner', 'member', 'http')).toMatchObject({ failure: { code: 'person-fixed' } });
    expect(await people.remove('http', 'owner', 'x')).toMatchObject({ failure: { code: 'person-fixed' } });
    expect(roleOf('owner', 'http')).toBe('owner');
  });

  it('keep apart what only looks alike, whatever channels and ids hold', async () => {
    const word = fc.string({ minLength: 1 });
    await fc.assert(
      fc.asyncProperty(word, word, word, word, async (channel, id, otherChannel, otherId) => {
        fc.pre(channel !== otherChannel || id !== otherId);
        fc.pre(channel !== 'http' && otherChannel !== 'http');
        const { roleOf, add } = await open();
        await add(id, 'owner', channel);
        expect(roleOf(id, channel)).toBe('owner');
        expect(roleOf(otherId, otherChannel)).toBe('stranger');
      }),
    );
  });
});
