import { describe, expect, it } from 'vitest';
import { chunkBytes } from './frames.ts';
import { windowBytes } from './protocol.ts';
import { createTunnelStreams, type TunnelStream, type TunnelStreams } from './tunnel-streams.ts';

/** Both ends, each message handed over in a turn of its own. */
function createEnds(): { inside: TunnelStreams; outside: TunnelStreams; accepted: TunnelStream[] } {
  const accepted: TunnelStream[] = [];
  const inside = createTunnelStreams({
    send: async (message, payload = new Uint8Array(0)) => {
      await Promise.resolve();
      outside.receive(message, payload);
    },
  });
  const outside = createTunnelStreams({
    accept: (stream) => accepted.push(stream),
    send: async (message, payload = new Uint8Array(0)) => {
      await Promise.resolve();
      inside.receive(message, payload);
    },
  });
  return { inside, outside, accepted };
}

async function text(stream: TunnelStream | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream?.received ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a tunnel', () => {
  it('carries bytes both ways, and each direction ends by itself', async () => {
    const { inside, accepted } = createEnds();
    const stream = inside.open();
    await stream?.send(Buffer.from('question'));
    await stream?.end();
    expect(await text(accepted[0])).toBe('question');
    await accepted[0]?.send(Buffer.from('answer'));
    await accepted[0]?.end();
    expect(await text(stream)).toBe('answer');
  });

  it('makes the sender wait until the reader has taken what was sent', async () => {
    const { inside, accepted } = createEnds();
    let sent = false;
    const sending = inside
      .open()
      ?.send(Buffer.alloc(windowBytes + 1))
      .then(() => {
        sent = true;
      });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sent).toBe(false);
    const reading = text(accepted[0]).catch(() => undefined);
    await sending;
    expect(sent).toBe(true);
    accepted[0]?.cut();
    await reading;
  });

  it('that was cut fails on both sides and makes room', async () => {
    const { inside, accepted } = createEnds();
    const stream = inside.open();
    const reading = text(stream);
    await Promise.resolve();
    accepted[0]?.cut();
    await expect(reading).rejects.toThrow('cut');
    await expect(stream?.send(Buffer.from('x'))).rejects.toThrow('cut');
  });

  it('is one of at most 16, and an ended one makes room', async () => {
    const { inside, accepted } = createEnds();
    const streams = Array.from({ length: 16 }, () => inside.open());
    expect(streams.every((stream) => stream !== undefined)).toBe(true);
    expect(inside.open()).toBeUndefined();
    await streams[0]?.end();
    await accepted[0]?.end();
    expect(inside.open()).toBeDefined();
  });
});

describe('the side that does not trust the other', () => {
  const accept = (): void => undefined;
  const send = async (): Promise<void> => undefined;
  const none = new Uint8Array(0);

  it('refuses more tunnels than may be, and numbers used before', () => {
    const streams = createTunnelStreams({ accept, send });
    for (let id = 1; id <= 16; id += 1) streams.receive({ kind: 'tunnel', id, step: 'open' }, none);
    expect(() => streams.receive({ kind: 'tunnel', id: 17, step: 'open' }, none)).toThrow('too many');
    streams.receive({ kind: 'tunnel', id: 3, step: 'cut' }, none);
    expect(() => streams.receive({ kind: 'tunnel', id: 3, step: 'open' }, none)).toThrow('may not be opened');
  });

  it('refuses bytes past the window', () => {
    const streams = createTunnelStreams({ accept, send });
    streams.receive({ kind: 'tunnel', id: 1, step: 'open' }, none);
    const data = { kind: 'tunnel', id: 1, step: 'data' } as const;
    for (let chunk = 0; chunk < 4; chunk += 1) streams.receive(data, new Uint8Array(chunkBytes));
    expect(() => streams.receive(data, new Uint8Array(1))).toThrow('more bytes');
  });

  it('drops what arrives for a tunnel that has ended', () => {
    const streams = createTunnelStreams({ accept, send });
    expect(() => streams.receive({ kind: 'tunnel', id: 9, step: 'data' }, Buffer.from('x'))).not.toThrow();
  });

  it('lets nobody open from the other side', () => {
    const streams = createTunnelStreams({ send });
    expect(() => streams.receive({ kind: 'tunnel', id: 1, step: 'open' }, none)).toThrow('may not be opened');
  });
});
