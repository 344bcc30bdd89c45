import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANN, type ChannelBench, openChannelBench } from './testing/channel-bench.ts';

describe('what comes in', () => {
  let bench: ChannelBench;
  beforeEach(async () => {
    bench = await openChannelBench();
  });
  afterEach(() => bench[Symbol.asyncDispose]());

  const until = (look: () => boolean) => vi.waitUntil(look, { timeout: 60_000, interval: 10 });
  const said = () => bench.received.map(({ text }) => text);

  it('is acknowledged after it was stored, and outlives the process that stored it', async () => {
    bench.answers.push(() => new Promise(() => undefined));
    await bench.start();
    bench.ann.say('first');
    await until(() => bench.answers.length === 0 && bench.peer.unconfirmed() === 0);
    expect(said()).toEqual([]);
    const { box } = bench;
    expect((await box.pending('telegram')).length).toBe(1);
    await using second = await openChannelBench();
    for (const [id, update] of bench.stored) second.stored.set(id, update);
    await second.start();
    await vi.waitUntil(() => second.received.length === 1, 5000);
    expect(second.received[0]).toMatchObject({
      text: 'first',
      updateId: expect.stringMatching(/^4711\/\d+$/),
    });
  });

  it('in a group and taken up from an earlier process is still known to be meant for the bot', async () => {
    const group = bench.peer.group(-300, 'Team', [bench.ann]);
    bench.answers.push(() => new Promise(() => undefined));
    await bench.start();
    bench.ann.say('@reeve_test_bot hello', { chat: group });
    await until(() => bench.answers.length === 0);
    await bench.stop();
    await bench.start();
    await until(() => said().length === 1);
    expect(said()).toEqual(['hello']);
  });

  it('is tried again while the database is away, and nothing is said about it', async () => {
    for (let index = 0; index < 2; index += 1)
      bench.answers.push(async () => ({ kind: 'refused', failure: { code: 'database-away' } }));
    await bench.start();
    bench.ann.say('hello');
    await until(() => said().length === 1);
    expect(bench.peer.fromBot(ANN)).toEqual([]);
  });

  it('is set aside after three tries when it always fails, with a word about it, and others go on', async () => {
    for (let index = 0; index < 3; index += 1) bench.answers.push(() => Promise.reject(new Error('a bug')));
    await bench.start();
    bench.ann.say('poison');
    bench.ann.say('fine');
    await until(() => said().includes('fine'));
    expect(said()).toEqual(['fine']);
    expect(bench.peer.fromBot(ANN).map(({ text }) => text)).toEqual([
      expect.stringContaining('It was set aside without an answer'),
    ]);
  });

  it('is one message when it is an album, however large, and keeps order with what follows', async () => {
    await bench.start();
    for (let part = 0; part < 100; part += 1)
      bench.ann.photo(new Uint8Array(10).fill(part), part === 0 ? 'look' : '', { album: 'A' });
    bench.ann.say('after');
    await until(() => said().length === 2);
    expect(said()).toEqual(['look', 'after']);
    expect(bench.received[0]?.attachments).toHaveLength(100);
  });

  it('takes the edited words of a message that still waits', async () => {
    let release = () => undefined as undefined;
    bench.answers.push(
      () =>
        new Promise((resolve) => {
          release = () => void resolve({ kind: 'accepted', turnId: 't', conversationId: 'c' }) as undefined;
        }),
    );
    await bench.start();
    bench.ann.say('slow');
    await until(() => bench.answers.length === 0);
    const second = bench.ann.say('meet at 5');
    bench.ann.edit(second, 'meet at 6');
    await until(() => bench.peer.unconfirmed() === 0);
    release();
    await until(() => said().length === 1);
    expect(said()).toEqual(['meet at 6']);
  });

  it('is not taken back by an edit once it was handled', async () => {
    await bench.start();
    const first = bench.ann.say('meet at 5');
    await until(() => said().length === 1);
    bench.ann.edit(first, 'meet at 6');
    bench.ann.say('thanks');
    await until(() => said().length === 2);
    await until(() => bench.peer.unconfirmed() === 0);
    expect(said()).toEqual(['meet at 5', 'thanks']);
    expect(await bench.box.pending('telegram')).toEqual([]);
  });

  it('says what it cannot take: an empty voice note, a file too large or broken off, and keeps the rest', async () => {
    await bench.start();
    bench.ann.voice(new Uint8Array(0), 0);
    bench.ann.document('film.mkv', new Uint8Array(50 * 1024 * 1024), 'watch this');
    bench.ann.document('empty.txt', new Uint8Array(0), 'nothing in it');
    for (const kind of ['none', 'server-error', 'server-error', 'server-error'] as const)
      bench.peer.inject('getFile', { kind });
    bench.ann.document('lost.txt', new Uint8Array(9), 'read this');
    bench.ann.say('still there');
    await until(() => said().includes('still there'));
    expect(said()).toEqual(['watch this', 'nothing in it', 'read this', 'still there']);
    const words = bench.peer.fromBot(ANN).map(({ text }) => text);
    expect(words).toEqual([
      expect.stringContaining('The recording is empty'),
      expect.stringContaining('film.mkv has 50 MB, and Telegram lets a bot fetch up to 20 MB'),
      expect.stringContaining('lost.txt could not be fetched: Bad Gateway'),
    ]);
  });

  it('of unknown kinds, from bots and channels, is passed over; a command for another bot too', async () => {
    await bench.start();
    const { world } = bench.peer;
    world.queue.add({ message_reaction_count: {} } as never);
    world.queue.add({ something_new: { deep: [1, 2] } } as never);
    world.queue.add({ message: {} } as never);
    world.queue.add({ message: { chat: 'none', text: 7 } } as never);
    world.queue.add({ callback_query: {} } as never);
    world.queue.add({ message: { message_id: 1, date: 1, chat: { id: 5, type: 'private' } } } as never);
    const group = bench.peer.group(-100, 'Team', [bench.ann]);
    bench.ann.say('/status@other_bot', { chat: group });
    bench.ann.say('/status@reeve_test_bot', { chat: group });
    await until(() => said().length === 1);
    expect(said()).toEqual(['/status@reeve_test_bot']);
    expect(bench.received[0]?.chat).toEqual({ channel: 'telegram', externalId: '-100' });
  });

  it('in topics is a conversation each', async () => {
    await bench.start();
    const forum = bench.peer.group(-200, 'Forum', [bench.ann], true);
    bench.ann.say('@reeve_test_bot one', { chat: forum, thread: 7 });
    bench.ann.say('@reeve_test_bot two', { chat: forum, thread: 8 });
    await until(() => said().length === 2);
    expect(bench.received.map(({ chat }) => chat.externalId).sort()).toEqual(['-200:7', '-200:8']);
  });
});
