import { createTelegramPeer, type Fault, type TelegramPeer } from '@reeve/core/testing/telegram-peer';
import { Telegraf, Telegram, TelegramError } from 'telegraf';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** A bot that others wrote, on the stand-in: what surprises it would surprise ours. */
describe('the Bot API stand-in, used by telegraf', () => {
  let peer: TelegramPeer;
  let telegram: Telegram;
  beforeEach(async () => {
    peer = await createTelegramPeer();
    telegram = new Telegram(peer.token, { apiRoot: peer.url });
  });
  afterEach(() => peer.close());

  async function errorOf(call: Promise<unknown>): Promise<string> {
    const error = await call.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (error instanceof TelegramError) return `${error.code}: ${error.description}`;
    throw new Error(`no error of Telegram, but ${String(error)}`);
  }

  it('runs a bot: words, buttons, taps, edits, files both ways', async () => {
    const ann = peer.person(4711, 'Ann');
    const bot = new Telegraf(peer.token, { telegram: { apiRoot: peer.url } });
    bot.command('ask', (context) =>
      context.reply('Sure?', { reply_markup: { inline_keyboard: [[{ text: 'Yes', callback_data: 'y' }]] } }),
    );
    bot.action('y', async (context) => {
      await context.answerCbQuery('noted');
      await context.editMessageText('You said yes');
    });
    bot.on('document', async (context) => {
      const link = await context.telegram.getFileLink(context.message.document.file_id);
      const words = await (await fetch(link)).text();
      await context.replyWithDocument({ source: Buffer.from(words.toUpperCase()), filename: 'back.txt' });
    });
    const launched = bot.launch();
    try {
      ann.say('/ask');
      await vi.waitUntil(() => peer.fromBot(4711).length === 1, 5000);
      const [question] = peer.fromBot(4711);
      const tap = ann.tap(question!, 'Yes');
      await vi.waitUntil(() => peer.fromBot(4711)[0]?.text === 'You said yes', 5000);
      expect(peer.tapAnswer(tap)).toEqual({ text: 'noted', isAnswered: true });
      ann.document('in.txt', new TextEncoder().encode('words'));
      await vi.waitUntil(() => peer.fromBot(4711).length === 2, 5000);
      const file = peer.fromBot(4711)[1]?.file;
      expect([file?.name, new TextDecoder().decode(file?.bytes)]).toEqual(['back.txt', 'WORDS']);
    } finally {
      bot.stop('test');
      await launched;
    }
  });

  it('answers mistakes in the words of Telegram', async () => {
    expect(await errorOf(telegram.sendMessage(1, 'hello'))).toBe('400: Bad Request: chat not found');
    peer.person(7, 'Bob').open();
    expect(await errorOf(telegram.sendMessage(7, ' '))).toBe('400: Bad Request: message text is empty');
    expect(await errorOf(telegram.sendMessage(7, 'x'.repeat(4097)))).toBe(
      '400: Bad Request: message is too long',
    );
    const { message_id } = await telegram.sendMessage(7, 'x'.repeat(4096));
    const same = telegram.editMessageText(7, message_id, undefined, 'x'.repeat(4096));
    expect(await errorOf(same)).toContain('message is not modified');
    expect(await errorOf(telegram.editMessageText(7, 999, undefined, 'x'))).toContain(
      'message to edit not found',
    );
    const entities = [{ type: 'bold', offset: 1, length: 1 } as const];
    expect(await errorOf(telegram.sendMessage(7, '😀 x', { entities }))).toContain('in a middle of a UTF-16');
    expect(await errorOf(telegram.answerCbQuery('1'))).toContain('query is too old');
    peer.person(7, 'Bob').block();
    expect(await errorOf(telegram.sendMessage(7, 'x'))).toContain('403: Forbidden: bot was blocked');
    peer.revokeToken();
    expect(await errorOf(telegram.getMe())).toBe('401: Unauthorized');
  });

  it('hands an update out until a higher offset confirms it, and knows one poller only', async () => {
    const ann = peer.person(4711, 'Ann');
    ann.say('one');
    ann.say('two');
    const [first, second] = await telegram.getUpdates(0, 100, 0, undefined);
    expect(await telegram.getUpdates(0, 100, 0, undefined)).toHaveLength(2);
    expect(await telegram.getUpdates(0, 100, second!.update_id, undefined)).toHaveLength(1);
    expect(peer.unconfirmed()).toBe(1);
    expect(first!.update_id + 1).toBe(second!.update_id);
    const polling = errorOf(telegram.getUpdates(10, 100, second!.update_id + 1, undefined));
    await vi.waitUntil(() => peer.unconfirmed() === 0);
    await telegram.getUpdates(0, 100, second!.update_id + 1, undefined);
    expect(await polling).toContain('409: Conflict: terminated by other getUpdates request');
    await telegram.setWebhook('https://example.org/hook');
    expect(await errorOf(telegram.getUpdates(0, 100, 0, undefined))).toContain('webhook is active');
  });

  it('fails as networks do, and says what was done all the same', async () => {
    peer.person(7, 'Bob').open();
    const faults: Fault[] = [{ kind: 'server-error' }, { kind: 'malformed-json' }, { kind: 'lost-response' }];
    for (const fault of faults) {
      peer.inject('sendMessage', fault);
      await expect(telegram.sendMessage(7, fault.kind)).rejects.toThrow();
    }
    expect(peer.fromBot(7).map(({ text }) => text)).toEqual(['malformed-json', 'lost-response']);
    peer.inject('sendMessage', { kind: 'too-many-requests', retryAfter: 3 });
    expect(await errorOf(telegram.sendMessage(7, 'x'))).toBe('429: Too Many Requests: retry after 3');
  });
});
