import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANN, type ChannelBench, openChannelBench, textFor } from './testing/channel-bench.ts';
import type { WebhookSettings } from './webhook.ts';

const until = (look: () => boolean) => vi.waitUntil(look, { timeout: 60_000, interval: 10 });

describe('polling', () => {
  let bench: ChannelBench;
  beforeEach(async () => {
    bench = await openChannelBench();
  });
  afterEach(() => bench[Symbol.asyncDispose]());
  const said = () => bench.received.map(({ text }) => text);

  it('says what stands in the way, and goes on by itself: token, webhook, another poller, broken answers', async () => {
    bench.peer.revokeToken();
    await bench.start();
    const trouble = () => bench.channel().trouble().join();
    await until(() => trouble().includes('does not know the bot’s token'));
    bench.peer.restoreToken();
    bench.peer.setWebhook('https://example.org');
    await until(() => trouble().includes('A webhook of another program is set'));
    bench.peer.setWebhook('');
    bench.peer.inject('getUpdates', { kind: 'malformed-json' });
    bench.ann.say('still there?');
    await until(() => said().length === 1);
    await until(() => trouble() === '');
    await fetch(`${bench.peer.url}/bot${bench.peer.token}/getUpdates?offset=-1`);
    await until(() => trouble().includes('Another program polls'));
    bench.peer.inject('getUpdates', { kind: 'server-error' }, 2);
    bench.ann.say('and now?');
    await until(() => said().length === 2);
    expect(said()).toEqual(['still there?', 'and now?']);
    bench.peer.revokeToken();
    bench.ann.say('after the token was taken back');
    const refused = await bench.channel().deliver(textFor('an answer'));
    expect(refused).toMatchObject({ kind: 'refused', retryAfterMs: 60_000 });
    bench.peer.restoreToken();
    await until(() => said().length === 3);
    expect((await bench.channel().deliver(textFor('an answer'))).kind).toBe('sent');
  });
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Promises a body and sends none of it. */
function statusWithoutBody(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': '1000', 'x-telegram-bot-api-secret-token': 'wrong' };
    const begun = request(url, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode);
      begun.destroy();
    });
    begun.once('error', reject);
    begun.flushHeaders();
  });
}

describe('a webhook', () => {
  let bench: ChannelBench;
  let hook: WebhookSettings;
  beforeEach(async () => {
    bench = await openChannelBench();
    const port = await freePort();
    hook = { url: `http://127.0.0.1:${port}/telegram`, port, secret: 'S3cret_of-the-test', lookEveryMs: 50 };
  });
  afterEach(() => bench[Symbol.asyncDispose]());
  const said = () => bench.received.map(({ text }) => text);
  const trouble = () => bench.channel().trouble().join();

  it('is set, hands over what was said in order, and polling takes it back', async () => {
    bench.ann.say('before');
    await bench.start(hook);
    bench.ann.say('one');
    bench.ann.say('two');
    await until(() => said().length === 3);
    expect(said()).toEqual(['before', 'one', 'two']);
    expect(bench.peer.webhook()).toBe(hook.url);
    const [set] = bench.peer.calls.filter(({ method }) => method === 'setwebhook');
    expect(set?.parameters).toMatchObject({ secret_token: hook.secret, max_connections: 1 });
    await bench.stop();
    expect(bench.peer.webhook()).toBe(hook.url);
    bench.ann.say('while away');
    await bench.start();
    await until(() => said().length === 4);
    expect(bench.peer.webhook()).toBe('');
  });

  it('takes nothing without the secret, and does not even read it', async () => {
    await bench.start(hook);
    await until(() => bench.peer.webhook() !== '');
    const hand = (secret: string | null, body: string, path = '') =>
      fetch(hook.url + path, {
        method: 'POST',
        body,
        headers: secret === null ? {} : { 'x-telegram-bot-api-secret-token': secret },
      });
    const update = JSON.stringify({ update_id: 1, message: {} });
    for (const secret of [null, '', 'S3cret_of-the-tesu', `${hook.secret}x`])
      expect((await hand(secret, update)).status).toBe(401);
    expect(await statusWithoutBody(hook.url)).toBe(401);
    expect((await hand(hook.secret, update, '/elsewhere')).status).toBe(404);
    expect((await fetch(hook.url)).status).toBe(404);
    expect((await hand(hook.secret, '{"update_id":')).status).toBe(400);
    expect((await hand(hook.secret, `{"update_id":1,"x":"${'x'.repeat(1024 * 1024)}"}`)).status).toBe(413);
    expect(bench.stored.size).toBe(0);
    expect((await hand(hook.secret, update)).status).toBe(200);
    expect(bench.stored.size).toBe(1);
  });

  it('acknowledges after the commit only: what could not be stored comes again', async () => {
    await bench.start(hook);
    const { store } = bench.box;
    let failures = 2;
    bench.box.store = (...given) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('the database is away')) : store(...given);
    };
    bench.ann.say('hello');
    await until(() => said().length === 1);
    await until(() => bench.peer.unconfirmed() === 0);
    expect(said()).toEqual(['hello']);
  });

  it('says so when Telegram does not reach it, or its port is taken, and goes on by itself', async () => {
    const squatter = createServer((_request, response) => response.writeHead(502).end());
    squatter.listen(hook.port, '127.0.0.1');
    await bench.start(hook);
    await until(() => trouble().includes(`Port ${hook.port} for Telegram’s webhook cannot be used`));
    bench.peer.setWebhook(hook.url);
    bench.ann.say('hello');
    await new Promise((resolve) => squatter.close(resolve));
    await until(() => said().length === 1);
    await until(() => trouble() === '');
    const elsewhere = { ...hook, url: `http://127.0.0.1:${await freePort()}/telegram` };
    await bench.stop();
    await bench.start(elsewhere);
    bench.ann.say('nobody there');
    await until(() => trouble().includes('Telegram cannot hand over updates at'));
    expect(trouble()).toContain('Connection refused');
  });
});

describe('a host whose clock is off by an hour', () => {
  for (const clockOffMs of [3_600_000, -3_600_000])
    it(`hears and answers all the same: ${clockOffMs / 60_000} minutes`, async () => {
      await using bench = await openChannelBench({ clockOffMs, limitsRate: true });
      await bench.start();
      const message = bench.ann.say('hello');
      bench.ann.photo(new Uint8Array(10), 'look', { album: 'A' });
      bench.ann.photo(new Uint8Array(10), '', { album: 'A' });
      await until(() => bench.received.length === 2);
      expect(bench.received[1]?.attachments).toHaveLength(2);
      const sent = await bench.channel().deliver(textFor('hi', { replyTo: `${ANN}/${message.id}` }));
      expect(sent.kind).toBe('sent');
      expect(bench.peer.fromBot(ANN)).toMatchObject([{ text: 'hi', replyTo: message.id }]);
    });
});

describe('a group in privacy mode', () => {
  it('shows commands for the bot and replies to it, which are handled', async () => {
    await using bench = await openChannelBench({ privacyMode: true });
    await bench.start();
    const group = bench.peer.group(-100, 'Team', [bench.ann]);
    bench.ann.say('among us', { chat: group });
    bench.ann.say('/status@reeve_test_bot', { chat: group });
    await bench.channel().deliver(textFor('hi', { chat: { channel: 'telegram', externalId: '-100' } }));
    const [answer] = bench.peer.fromBot(group);
    bench.ann.say('and now?', { chat: group, replyTo: answer!.id });
    await until(() => bench.received.length === 2);
    expect(bench.received.map(({ text }) => text)).toEqual(['/status@reeve_test_bot', 'and now?']);
    const { isPrivacyOn } = await bench.channel().setup(1000);
    expect(isPrivacyOn).toBe(true);
  });
});
