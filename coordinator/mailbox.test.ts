import { CoordinatorFenced, type InboxEntry, type Store, StoreUnavailable } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { createMailboxes } from './mailbox.ts';
import { createKeptLog, createManualClock, sampleEntry, settled } from './testing/samples.ts';

function createBox(handle: (entry: InboxEntry) => Promise<void>) {
  const clock = createManualClock();
  const pending: InboxEntry[] = [];
  const tries = new Map<string, number>();
  const setAside: string[] = [];
  let trouble: Error | null = null;
  const inbox = {
    async pending(conversationId: string) {
      if (trouble) throw trouble;
      return pending.filter((entry) => entry.conversationId === conversationId);
    },
    async raiseTries(id: string) {
      tries.set(id, (tries.get(id) ?? 0) + 1);
      return tries.get(id) ?? 0;
    },
  };
  const done = (entry: InboxEntry) => void pending.splice(pending.indexOf(entry), 1);
  const mailboxes = createMailboxes({
    store: {
      inbox,
      transaction: async (work: (records: object) => unknown) => work({ inbox }),
    } as unknown as Store,
    clock,
    log: createKeptLog(),
    async handle(entry) {
      await handle(entry);
      done(entry);
    },
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
    post(id: string, conversationId = 'c') {
      pending.push(sampleEntry(id, { id, conversationId }));
      mailboxes.wake(conversationId);
    },
  };
}

describe('mailboxes', () => {
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
    expect(begun).toEqual(['a1', 'b1']);
    gates.get('a1')?.();
    await settled();
    expect(begun).toEqual(['a1', 'b1', 'a2']);
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
