import { CoordinatorFenced, type InboxEntry, type Store, StoreUnavailable } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { TurnStopped } from './answers-in-hand.ts';
import { createMailboxes, type Turn } from './mailbox.ts';
import { createKeptLog, createManualClock, NOW, sampleEntry, settled } from './testing/samples.ts';

function createBox(
  handle: (entry: InboxEntry, turn: Turn, signal: AbortSignal) => Promise<void>,
  whileAnswering: 'queue' | 'stop' = 'queue',
) {
  const clock = createManualClock();
  const pending: InboxEntry[] = [];
  const tries = new Map<string, number>();
  const setAside: string[] = [];
  let reads = 0;
  let trouble: Error | null = null;
  const inbox = {
    async pending(conversationId: string) {
      if (trouble) throw trouble;
      return pending.filter((entry) => entry.conversationId === conversationId);
    },
    async begin(conversationId: string) {
      const [first, ...more] = await inbox.pending(conversationId);
      if (!first) return [];
      tries.set(first.id, (tries.get(first.id) ?? 0) + 1);
      return [{ ...first, tries: tries.get(first.id) ?? 0 }, ...more];
    },
    async lowerTries(id: string) {
      tries.set(id, (tries.get(id) ?? 0) - 1);
    },
  };
  const done = (entry: InboxEntry) =>
    void pending.splice(
      pending.findIndex(({ id }) => id === entry.id),
      1,
    );
  const mailboxes = createMailboxes({
    store: {
      inbox,
      transaction: async (work: (records: object) => unknown) => work({ inbox }),
    } as unknown as Store,
    clock,
    log: createKeptLog(),
    async handle(turn, signal) {
      await handle(turn.entries[0], turn, signal);
      for (const entry of turn.entries) done(entry);
    },
    whileAnswering: () => whileAnswering,
    readBackground: async () => ({ recent: [], summary: null, live: [], persona: `read ${++reads}` }),
    async setAside(entry) {
      setAside.push(entry.id);
      done(entry);
    },
  });
  return {
    mailboxes,
    clock,
    tries,
    setAside,
    trouble: (error: Error | null) => {
      trouble = error;
    },
    /** Each message comes a minute after the one before, unless told: nobody types that in a row. */
    post(id: string, conversationId = 'c', more: Partial<InboxEntry> = {}) {
      const receivedAt = new Date(clock.now().getTime() + pending.length * 60_000);
      const entry = sampleEntry(id, { id, conversationId, receivedAt, ...more });
      pending.push(entry);
      mailboxes.wroteAgain(entry, entry.sender.externalId === 'owner' ? null : entry.sender);
    },
  };
}

describe('mailboxes', () => {
  it('read what an answer needs while its message is being stored, and never use what was read before', async () => {
    const seen: unknown[] = [];
    const gates: (() => void)[] = [];
    const { post, mailboxes } = createBox(async (_entry, turn) => {
      seen.push((await turn.background)?.persona);
      await new Promise<void>((resolve) => gates.push(resolve));
    });
    const arrival = mailboxes.expect('c');
    post('a');
    arrival.over();
    await expect.poll(() => gates.length).toBe(1);
    // For one that comes while an answer is in hand its turn reads.
    const later = mailboxes.expect('c');
    post('b');
    later.over();
    gates[0]?.();
    await expect.poll(() => gates.length).toBe(2);
    gates[1]?.();
    await mailboxes.idle();
    // One that was not stored after all leaves nothing behind.
    mailboxes.expect('c').over();
    post('c');
    await expect.poll(() => gates.length).toBe(3);
    gates[2]?.();
    await mailboxes.idle();
    expect(seen).toEqual(['read 1', undefined, 'read 3']);
  });

  it('take a message up that counted its first try as it was stored, and count its later ones themselves', async () => {
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const { post, mailboxes, tries } = createBox(async ({ id, tries }) => {
      seen.push(`${id} ${tries}`);
      if (id === 'a' && tries === 1) await gate.promise;
    });
    const arrivals = ['c', 'c', 'd'].map((conversation) => mailboxes.expect(conversation));
    expect(arrivals.map(({ isFirst }) => isFirst)).toEqual([true, false, true]);
    tries.set('a', 1);
    post('a', 'c', { tries: 1 });
    for (const arrival of arrivals) arrival.over();
    await settled();
    expect(mailboxes.expect('c').isFirst).toBe(false);
    post('b');
    gate.resolve();
    await mailboxes.idle();
    expect(seen).toEqual(['a 1', 'b 1']);
    expect(tries).toEqual(
      new Map([
        ['a', 1],
        ['b', 1],
      ]),
    );
  });

  it('look into a conversation only once its first message is stored, whoever is told of later ones before', async () => {
    const seen: string[][] = [];
    const { post, mailboxes } = createBox(async (_entry, { entries }) => {
      seen.push(entries.map(({ id, tries }) => `${id} ${tries}`));
    });
    const first = mailboxes.expect('c');
    post('b', 'c', { receivedAt: NOW });
    await settled();
    expect(seen).toEqual([]);
    post('a', 'c', { receivedAt: NOW, tries: 1 });
    first.over();
    await mailboxes.idle();
    // As they were stored: nobody is in a turn twice.
    expect(seen).toEqual([['a 1'], ['b 1']]);
    // One that was not stored after all holds nobody up.
    const never = mailboxes.expect('c');
    post('c');
    never.over();
    await mailboxes.idle();
    mailboxes.stop();
    expect(mailboxes.expect('c').isFirst).toBe(false);
    expect(seen.at(-1)).toEqual(['c 1']);
  });

  it('handle one conversation’s messages one after the other, and conversations side by side', async () => {
    const gates = new Map<string, () => void>();
    const begun: string[] = [];
    const { post, mailboxes } = createBox(async ({ id }) => {
      begun.push(id);
      await new Promise<void>((resolve) => gates.set(id, resolve));
    });
    post('a1');
    post('a2');
    post('b1', 'other');
    await settled();
    expect(begun.toSorted()).toEqual(['a1', 'b1']);
    gates.get('a1')?.();
    await settled();
    expect(begun.at(-1)).toBe('a2');
    gates.get('a2')?.();
    gates.get('b1')?.();
    await mailboxes.idle();
  });

  it('set a message aside after three tries, once, and go on', async () => {
    const handled: string[] = [];
    const { post, setAside, clock, tries } = createBox(async ({ id }) => {
      handled.push(id);
      if (id === 'poison') throw new Error('always');
    });
    post('poison');
    post('next');
    for (let round = 0; round < 4; round += 1) {
      await settled();
      await clock.advance(500);
    }
    expect(handled).toEqual(['poison', 'poison', 'poison', 'next']);
    expect([setAside, tries.get('poison')]).toEqual([['poison'], 4]);
  });

  it('look again by themselves when the database was away, and count no try for that', async () => {
    const handled: string[] = [];
    const { post, trouble, clock, tries } = createBox(async ({ id }) => void handled.push(id));
    trouble(new StoreUnavailable('away'));
    post('a');
    for (let round = 0; round < 5; round += 1) {
      await settled();
      await clock.advance(500);
    }
    expect([handled, tries.size]).toEqual([[], 0]);
    trouble(null);
    await clock.advance(500);
    await settled();
    expect(handled).toEqual(['a']);
  });

  it('give up at once when another coordinator has taken over', async () => {
    const { post, mailboxes, tries, setAside } = createBox(async () => {
      throw new CoordinatorFenced(1, 2);
    });
    post('a');
    await mailboxes.idle();
    expect([tries.get('a'), setAside]).toEqual([1, []]);
  });

  it('begin nothing after a stop', async () => {
    const handled: string[] = [];
    const { post, mailboxes } = createBox(async ({ id }) => void handled.push(id));
    mailboxes.stop();
    post('a');
    await mailboxes.idle();
    expect(handled).toEqual([]);
  });
});

describe('messages typed in a row', () => {
  const at = (seconds: number) => ({ receivedAt: new Date(NOW.getTime() + seconds * 1000) });

  /** Handles turns until told; keeps which messages each was begun with. */
  function createTypist(whileAnswering: 'queue' | 'stop' = 'queue') {
    const begun: string[][] = [];
    const turns: Turn[] = [];
    const stopped: unknown[] = [];
    let finish: () => void = () => undefined;
    const box = createBox(async (_first, turn, signal) => {
      begun.push(turn.entries.map(({ id }) => id));
      turns.push(turn);
      await new Promise<void>((resolve, reject) => {
        finish = resolve;
        signal.addEventListener('abort', () => {
          stopped.push(signal.reason);
          if (signal.reason instanceof TurnStopped) resolve();
          else reject(signal.reason);
        });
      });
    }, whileAnswering);
    return { ...box, begun, turns, stopped, finish: () => finish() };
  }

  it('are answered together, those of others and those of later apart', async () => {
    const { post, begun, finish, mailboxes } = createTypist();
    post('a', 'c', at(0));
    await settled();
    finish();
    await mailboxes.idle();
    const other = { sender: { externalId: 'ben', name: 'Ben' } };
    post('b', 'c', at(100));
    post('c', 'c', at(110));
    post('d', 'c', { ...at(112), ...other });
    post('e', 'c', at(140));
    for (let turn = 0; turn < 4; turn += 1) {
      await settled();
      finish();
    }
    await mailboxes.idle();
    expect(begun.at(-3)).toEqual(['b', 'c']);
    expect(begun.slice(-2)).toEqual([['d'], ['e']]);
  });

  it('begin an answer anew of which nothing is seen, and count no try for that', async () => {
    const { post, begun, finish, mailboxes, tries } = createTypist();
    post('a', 'c', at(0));
    await settled();
    post('b', 'c', at(1));
    await settled();
    await settled();
    finish();
    await mailboxes.idle();
    expect(begun).toEqual([['a'], ['a', 'b']]);
    expect(tries.get('a')).toBe(1);
  });

  it('are answered in the end, however long somebody types on', async () => {
    const { post, begun, finish, mailboxes } = createTypist();
    for (let index = 0; index < 8; index += 1) {
      post(`m${index}`, 'c', at(index));
      await settled();
      await settled();
    }
    expect(begun).toHaveLength(4);
    finish();
    await settled();
    finish();
    await mailboxes.idle();
    expect(begun.at(-1)?.at(-1)).toBe('m7');
  });

  it('wait for an answer that is seen already, or break it off, as the owner chose', async () => {
    for (const choice of ['queue', 'stop'] as const) {
      const { post, begun, turns, stopped, finish, mailboxes } = createTypist(choice);
      post('a', 'c', at(0));
      await settled();
      turns[0]?.show();
      post('b', 'c', at(1));
      await settled();
      expect(stopped).toHaveLength(choice === 'stop' ? 1 : 0);
      if (choice === 'queue') finish();
      await settled();
      finish();
      await mailboxes.idle();
      expect(begun).toEqual([['a'], ['b']]);
    }
  });

  it.each([
    ['a member', 'the owner’s', 'ben', 'owner', 0],
    ['a member', 'another member’s', 'ben', 'eve', 0],
    ['a member', 'their own', 'ben', 'ben', 1],
    ['the owner', 'a member’s', 'owner', 'ben', 1],
  ])(
    'of %s break off %s answer only as far as their role reaches',
    async (_who, _whose, writer, asker, stops) => {
      const { post, turns, stopped, finish, mailboxes } = createTypist('stop');
      post('a', 'c', { ...at(0), sender: { externalId: asker, name: asker } });
      await settled();
      turns[0]?.show();
      post('b', 'c', { ...at(1), sender: { externalId: writer, name: writer } });
      await settled();
      expect(stopped).toHaveLength(stops);
      finish();
      await settled();
      finish();
      await mailboxes.idle();
    },
  );

  it('of somebody else do not hold up an answer that is not seen yet', async () => {
    const { post, begun, stopped, finish, mailboxes } = createTypist();
    post('a', 'c', at(0));
    await settled();
    post('b', 'c', { ...at(1), sender: { externalId: 'ben', name: 'Ben' } });
    await settled();
    expect([begun, stopped]).toEqual([[['a']], []]);
    finish();
    await settled();
    finish();
    await mailboxes.idle();
  });

  it('are tried again alone when they fail, so that one takes no other with it', async () => {
    const begun: string[][] = [];
    const { post, clock, setAside } = createBox(async (first, turn) => {
      begun.push(turn.entries.map(({ id }) => id));
      if (first.id === 'poison') throw new Error('always');
    });
    post('poison', 'c', at(0));
    post('good', 'c', at(1));
    for (let round = 0; round < 5; round += 1) {
      await settled();
      await clock.advance(500);
    }
    expect(begun.at(-1)).toEqual(['good']);
    expect(setAside).toEqual(['poison']);
  });
});
