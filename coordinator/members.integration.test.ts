import type { ApprovalDecision } from '@reeve/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from './commands.ts';
import { estateForEach } from './testing/estates.ts';
import { calls, createFixedModel, lastWords, says, starts } from './testing/fixed-model.ts';
import type { Estate, House } from './testing/house.ts';
import type { ScriptedExecutor } from './testing/scripted-executor.ts';
import { typing } from './testing/tasks.ts';

const GRACE = { externalId: '7', name: 'owner' };
const LINUS = { externalId: '8', name: 'Linus' };
const STRANGER = { externalId: '9', name: 'owner' };
const OWNERS_CHAT = { channel: 'http', externalId: 'main' };
const FAMILY = { channel: 'http', externalId: 'family' };

let estate: Estate;
estateForEach('members', (fresh) => {
  estate = fresh;
});

/** Starts what it is told to, and otherwise does to a task what the words say: the model obeys whoever talks. */
const obeys = () =>
  createFixedModel((request) => {
    if (request.messages.at(-1)?.role === 'tool') return says(`It said: ${request.messages.at(-1)?.content}`);
    const [verb = '', name = ''] = lastWords(request).split(' ');
    if (verb === 'start') return starts(name);
    if (verb === 'task_steer') return calls({ name: verb, arguments: { task: name, text: 'do evil' } });
    return verb.startsWith('task_') ? calls({ name: verb, arguments: { task: name } }) : says('fine');
  });

const untilKilled = (executor: ScriptedExecutor) =>
  new Promise<void>((_resolve, reject) =>
    executor.signal.addEventListener('abort', () => reject(executor.signal.reason), { once: true }),
  );

type Who = typeof GRACE | undefined;

const type = (house: House, text: string, who?: Who, chat = OWNERS_CHAT) => typing(house, text, who, chat);

/** The owner's T-1 in their own chat, T-2 of the owner and T-3 of Grace in the family's. */
async function openFamily(): Promise<House> {
  const house = await estate.open({
    model: obeys(),
    work: untilKilled,
    settings: { parallelTasks: 1 },
  });
  await type(house, '/people add http 7 member Grace');
  await type(house, '/people add http 8 member Linus');
  await type(house, 'start secret');
  await type(house, 'start shared', undefined, FAMILY);
  await type(house, 'start hers', GRACE, FAMILY);
  await estate.reaches('T-1', 'running');
  return house;
}

describe('a member', () => {
  it('gets none of the owner’s commands, whatever follows their names', async () => {
    const house = await openFamily();
    const ownerOnly = [...COMMANDS.values()].filter((command) => command.ownerOnly).map(({ name }) => name);
    expect(ownerOnly).toEqual(
      expect.arrayContaining(['config', 'model', 'people', 'undo', 'files', 'approve', 'deny', 'happened']),
    );
    const before = await estate.store.config.history(100);
    for (const name of ownerOnly)
      for (const rest of ['', 'tone warm', 'add http 9 owner', 'A7K2', 'history'])
        expect(await type(house, `/${name} ${rest}`, GRACE, FAMILY)).toContain('There is no such command');
    expect(await estate.store.config.history(100)).toEqual(before);
    expect(await estate.store.people.list()).toHaveLength(2);
    const help = await type(house, '/help', GRACE, FAMILY);
    for (const name of ownerOnly) expect(help).not.toContain(`/${name}`);
  });

  it('decides nothing', async () => {
    const house = await openFamily();
    const decisions: ApprovalDecision[] = [
      { kind: 'approve', scope: 'once' },
      { kind: 'deny', note: null },
      { kind: 'happened' },
      { kind: 'edit', note: 'x' },
    ];
    for (const sender of [GRACE, LINUS, STRANGER])
      for (const decision of decisions)
        expect(
          await house.coordinator.inbound.decide({ code: 'A7K2', decision, chat: FAMILY, sender }),
        ).toEqual({ kind: 'refused', failure: { code: 'approval-not-yours' } });
  });

  it('sees the tasks of the conversation and no others, in words, by command and through the model', async () => {
    const house = await openFamily();
    for (const text of ['/status', '/tasks']) {
      const said = await type(house, text, GRACE, FAMILY);
      expect(said).toContain('hers');
      expect(said).toContain('shared');
      expect(said).not.toMatch(/secret|T-1|Model|token/);
    }
    expect(await type(house, '/why T-1', GRACE, FAMILY)).toContain('There is no such task');
    expect(await type(house, 'task_inspect T-1', GRACE, FAMILY)).toContain('There is no such task');
    expect(await type(house, 'task_inspect T-2', GRACE, FAMILY)).toContain('shared');
    expect(await type(house, '/tasks')).toContain('secret');
  });

  it('changes only what their own messages started, by command and through the model', async () => {
    const house = await openFamily();
    for (const id of ['T-1', 'T-2'])
      for (const text of [
        '/cancel ID',
        '/pause ID',
        '/resume ID',
        '/tell ID do evil',
        'task_cancel ID',
        'task_pause ID',
        'task_steer ID',
      ]) {
        const said = await type(house, text.replace('ID', id), GRACE, FAMILY);
        expect(said).toMatch(id === 'T-1' ? /There is no such task/ : /started by somebody else/);
      }
    expect(await type(house, '/cancel T-3', LINUS, FAMILY)).toContain('started by somebody else');
    expect(await type(house, '/cancel all', LINUS, FAMILY)).toBe('Nothing was running.');
    expect(await type(house, '/tell T-3 hurry', GRACE, FAMILY)).toBe('Passed on to T-3.');
    expect(await type(house, '/cancel all', GRACE, FAMILY)).toContain('T-3');
    const states = (await estate.store.tasks.list({ limit: 9 })).map(({ id, state }) => `${id} ${state}`);
    expect(states).toEqual(['T-3 cancelled', 'T-2 queued', 'T-1 running']);
    expect(await estate.store.tasks.pendingInputs('T-1')).toEqual([]);
    expect(await estate.store.tasks.pendingInputs('T-2')).toEqual([]);
    expect(await type(house, '/cancel all')).toContain('T-1, T-2');
  });

  it('is told of the owner’s other tasks in no prompt', async () => {
    const model = obeys();
    const house = await estate.open({ model, work: untilKilled });
    await type(house, '/people add http 7 member Grace');
    await type(house, 'start secret');
    const before = model.requests.length;
    await type(house, 'hello', GRACE, FAMILY);
    expect(JSON.stringify(model.requests.slice(before))).not.toContain('secret');
  });

  it('has tasks that change none of the owner’s files', async () => {
    await openFamily();
    expect((await estate.task('T-3')).origin).toEqual({ kind: 'member', person: 'Grace' });
    expect((await estate.task('T-3')).capabilities).toContain('file:drive/**:list,read');
    expect((await estate.task('T-2')).capabilities).toContain('file:drive/**:delete,list,read,write');
  });

  it('goes by the name that the owner gave, whatever they call themselves', async () => {
    const house = await openFamily();
    await type(house, '/cancel T-3', GRACE, FAMILY);
    const bodies = (await estate.store.audit.about('T-3', 50)).map(({ body }) => body);
    expect(bodies.some((body) => body.includes('"person:Grace"'))).toBe(true);
    expect(bodies.some((body) => body.includes('"person:owner"'))).toBe(false);
  });

  it('is a stranger as soon as they are removed', async () => {
    const house = await openFamily();
    await type(house, '/people remove http 7');
    await expect(house.say('hello', 'after', GRACE, FAMILY)).rejects.toThrow('sender-unknown');
  });
});

it('no words of a member or a stranger change settings or people', async () => {
  const house = await openFamily();
  const names = [...COMMANDS.keys()].filter((name) => !['cancel', 'pause', 'resume', 'tell'].includes(name));
  const rests = ['', 'tone warm', 'default', 'add http 7 owner', 'remove http 8', 'T-1', 'A7K2', 'all'];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.constantFrom(...rests),
      fc.constantFrom(GRACE, LINUS),
      async (name, rest, who) => {
        await type(house, `/${name} ${rest}`, who, FAMILY);
        expect(await estate.store.config.history(9)).toEqual([]);
        expect((await estate.store.people.list()).map(({ role }) => role)).toEqual(['member', 'member']);
      },
    ),
    { numRuns: 60 },
  );
  await expect(house.say('/config tone warm', 'stranger', STRANGER, FAMILY)).rejects.toThrow(
    'sender-unknown',
  );
});
