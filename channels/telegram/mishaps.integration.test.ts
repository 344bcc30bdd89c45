import type { UpdateBox } from '@reeve/core';
import { describe, expect, it, vi } from 'vitest';
import {
  ANN,
  type ChannelBench,
  createMemoryBox,
  openChannelBench,
  textFor,
} from './testing/channel-bench.ts';

const until = (look: () => boolean) => vi.waitUntil(look, { timeout: 60_000, interval: 10 });
const said = (bench: ChannelBench) => bench.received.map(({ text }) => text);

describe('what comes in, when things go wrong', () => {
  it('is handled when it was stored and the database’s answer was lost', async () => {
    const memory = createMemoryBox();
    let losses = 1;
    const box: UpdateBox = {
      ...memory,
      async store(...given) {
        const stored = await memory.store(...given);
        losses -= 1;
        if (losses >= 0) throw new Error('connection lost after the commit');
        return stored;
      },
    };
    await using bench = await openChannelBench({ box });
    await bench.start();
    bench.ann.say('hello');
    await until(() => said(bench).length === 1);
    bench.ann.say('again');
    await until(() => said(bench).length === 2);
    expect([said(bench), bench.repeats()]).toEqual([['hello', 'again'], 0]);
  });

  it('is not done twice when the caption of an album or a file is edited afterwards', async () => {
    await using bench = await openChannelBench();
    await bench.start();
    bench.ann.photo(new Uint8Array(9).fill(1), '', { album: 'A' });
    const second = bench.ann.photo(new Uint8Array(9).fill(2), 'two pictures', { album: 'A' });
    const alone = bench.ann.document('plan.txt', new Uint8Array(9), 'read it');
    await until(() => said(bench).length === 2);
    const fetched = () => bench.peer.calls.filter(({ method }) => method === 'getfile').length;
    expect(fetched()).toBe(3);
    for (const { body } of [...bench.stored.values()]) {
      const { message } = JSON.parse(body);
      if (message.message_id === second.id || message.message_id === alone.id)
        bench.peer.world.queue.add({ edited_message: { ...message, caption: 'changed' } });
    }
    bench.ann.say('after');
    await until(() => said(bench).includes('after'));
    await until(() => bench.peer.unconfirmed() === 0);
    expect([said(bench), fetched()]).toEqual([['two pictures', 'read it', 'after'], 3]);
    expect(bench.peer.fromBot(ANN)).toEqual([]);
  });

  it('that was handled long ago is forgotten without a restart', async () => {
    const memory = createMemoryBox();
    const forgotten: Date[] = [];
    const box: UpdateBox = { ...memory, forget: async (_channel, before) => void forgotten.push(before) };
    const clock = { offMs: 0 };
    await using bench = await openChannelBench({ box, clock });
    await bench.start();
    bench.ann.say('one');
    await until(() => said(bench).length === 1);
    clock.offMs = 8 * 24 * 60 * 60 * 1000;
    bench.ann.say('two');
    await until(() => forgotten.length === 2);
    expect(forgotten[1]!.getTime()).toBeGreaterThan(Date.now());
  });

  it('and cannot be taken is said, however often, without being refused for haste', async () => {
    await using bench = await openChannelBench({ limitsRate: true });
    await bench.start();
    bench.peer.inject('sendMessage', { kind: 'too-many-requests', retryAfter: 1 });
    const large = new Uint8Array(21 * 1024 * 1024);
    for (let part = 0; part < 9; part += 1) bench.ann.document(`film-${part}.mkv`, large, '', { album: 'A' });
    await until(() => bench.peer.fromBot(ANN).length === 9);
    expect(bench.peer.calls.filter(({ status }) => status === 429)).toHaveLength(1);
  });

  it('reaches a chat again by a tap, after it was blocked', async () => {
    await using bench = await openChannelBench();
    await bench.start();
    const action = { kind: 'approve', code: 'A7K2', scope: 'once' } as const;
    const actions = [{ label: 'Once', style: 'plain', action, typed: '/approve A7K2' } as const];
    const card = { key: 'k', title: 'Send it?', blocks: [{ kind: 'actions' as const, actions }] };
    await bench.channel().deliver(textFor('', { content: { kind: 'card', card } }));
    bench.ann.block();
    expect((await bench.channel().deliver(textFor('one'))).kind).toBe('refused');
    bench.ann.unblock();
    bench.ann.tap(bench.peer.fromBot(ANN)[0]!, 'Once');
    await until(() => bench.decisions.length === 1);
    expect((await bench.channel().deliver(textFor('two'))).kind).toBe('sent');
  });

  it('as a command in reply to a request for words is that command', async () => {
    await using bench = await openChannelBench();
    await bench.start();
    const action = { kind: 'deny-saying', code: 'A7K2' } as const;
    const actions = [{ label: 'Say why', style: 'plain', action, typed: '/deny A7K2' } as const];
    const card = { key: 'k', title: 'Send it?', blocks: [{ kind: 'actions' as const, actions }] };
    await bench.channel().deliver(textFor('', { content: { kind: 'card', card } }));
    bench.ann.tap(bench.peer.fromBot(ANN)[0]!, 'Say why');
    await until(() => bench.peer.fromBot(ANN).length === 2);
    const request = bench.peer.fromBot(ANN)[1]!;
    bench.ann.say('/cancel', { replyTo: request.id });
    await until(() => said(bench).length === 1);
    bench.ann.say('too dear', { replyTo: request.id });
    await until(() => said(bench).length === 2);
    expect(said(bench)).toEqual(['/cancel', '/deny A7K2 too dear']);
  });

  it('and was changed while it waited is handled as changed, also after the process was killed', async () => {
    await using bench = await openChannelBench();
    bench.answers.push(() => new Promise(() => undefined));
    await bench.start();
    bench.ann.say('slow');
    await until(() => bench.answers.length === 0);
    const second = bench.ann.say('meet at 5');
    bench.ann.edit(second, 'meet at 6');
    await until(() => bench.peer.unconfirmed() === 0);
    await bench.stop();
    await bench.start();
    await until(() => said(bench).length === 2);
    expect(said(bench)).toEqual(['slow', 'meet at 6']);
    await until(() => [...bench.stored.values()].every(({ handled }) => handled));
  });
});
