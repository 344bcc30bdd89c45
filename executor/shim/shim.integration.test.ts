import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ShimOutcome, ShimRefusedError } from './calls.ts';
import type { CommandResult, RunRequest, ShimClient } from './client.ts';
import { createShimBench, type SandboxedShim, type ShimBench } from './testing/sandboxed-shim.ts';
import { decodeOutput, decodeText } from './text.ts';

const megabyte = 1024 * 1024;
let bench: ShimBench;
let shim: SandboxedShim;
let client: ShimClient;

beforeAll(async () => {
  bench = await createShimBench();
  shim = await bench.open();
  client = shim.client;
});
afterAll(() => bench.close());
beforeEach(async () => {
  await run('find /work -mindepth 1 -delete');
});

function done<T>(outcome: ShimOutcome<T>): T {
  if (outcome.kind === 'refused') throw new Error(`${outcome.code}: ${outcome.detail}`);
  return outcome.value;
}

async function run(command: string, options: Partial<RunRequest> = {}): Promise<CommandResult> {
  return done(await client.run({ command, timeoutMs: 10_000, ...options }));
}

async function say(command: string): Promise<string> {
  return decodeOutput((await run(command)).stdout).text.trim();
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

async function* pieces(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

describe('run', () => {
  it('runs in scratch under bash and returns code and both channels', async () => {
    const result = await run('pwd; echo $((6*7)) $GREETING; echo oops >&2; [[ a == a ]]; exit 3', {
      environment: { GREETING: 'good day' },
    });
    expect(result).toMatchObject({ exitCode: 3, signal: null, timedOut: false });
    expect(decodeOutput(result.stdout).text).toBe('/work\n42 good day\n');
    expect(decodeOutput(result.stderr).text).toBe('oops\n');
  });

  it('sees no person, no network, no node cache of ours', async () => {
    expect(await say('id -un; id -u; echo $HOME; ls -A $HOME | wc -l')).toBe('worker\n1000\n/home/worker\n0');
    expect(await say('env | grep NODE_')).toBe('NODE_USE_ENV_PROXY=1');
    expect(await say('ls /proc/self/fd'), 'the last is of ls itself').toBe('0\n1\n2\n3');
    expect((await run('exec 3<>/dev/tcp/1.1.1.1/53')).exitCode).toBe(1);
    expect(await say('node -p 6*7')).toBe('42');
  });

  it('keeps both ends of 100 MB of output and counts it all', async () => {
    const result = await run(`echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last`, {
      maxOutputBytes: 2000,
      timeoutMs: 30_000,
    });
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toMatchObject({ totalBytes: 100_000_012, truncated: true });
    expect(result.stdout.head).toHaveLength(1000);
    expect(result.stdout.tail).toHaveLength(1000);
    const { text } = decodeOutput(result.stdout);
    expect(text).toMatch(/^first\nx+\n\[99998012 bytes omitted\]\nx+\nlast\n$/);
  });

  it('ends the whole tree on timeout, sessions of their own included', async () => {
    const result = await run('setsid sleep 1000 & (setsid setsid sleep 1001 &) ; echo started; sleep 1002', {
      timeoutMs: 300,
    });
    expect(result).toMatchObject({ timedOut: true, exitCode: null, signal: 'SIGKILL' });
    expect(result.durationMs).toBeLessThan(1300);
    expect(decodeOutput(result.stdout).text).toBe('started\n');
    expect(await say('pgrep -c -r D,R,S,T sleep; true')).toBe('0');
  });

  it('leaves nothing running after a command that ends by itself', async () => {
    const result = await run('setsid sleep 1000 >/dev/null 2>&1 & sleep 999 & echo done');
    expect(result).toMatchObject({ exitCode: 0, timedOut: false });
    expect(await say('pgrep -c -r D,R,S,T sleep; true')).toBe('0');
  });

  it('ends a fork bomb at its timeout and goes on', async () => {
    await run('bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 60', { timeoutMs: 500 });
    expect(await say('echo fine')).toBe('fine');
  });

  it('can be cancelled while it runs and while it waits for its turn', async () => {
    const first = client.run({
      command: 'sleep 1000',
      timeoutMs: 3_600_000,
      signal: AbortSignal.timeout(100),
    });
    const second = client.run({
      command: 'touch /work/never',
      timeoutMs: 3_600_000,
      signal: AbortSignal.timeout(50),
    });
    expect(await Promise.all([first, second])).toMatchObject([{ code: 'cancelled' }, { code: 'cancelled' }]);
    expect(await say('ls /work; pgrep -c -r D,R,S,T sleep; true')).toBe('0');
  });

  it('tells what a command prints while it runs', async () => {
    const seen: string[] = [];
    await run('echo one; sleep 0.5; echo two; sleep 0.5', {
      onOutput: (channel, bytes) => seen.push(`${channel} ${decodeText(bytes).text.trim()}`),
    });
    expect(seen).toEqual(['stdout one', 'stdout two']);
  });

  it('refuses a command that no system would start', async () => {
    expect(await client.run({ command: `: ${'x'.repeat(150_000)}`, timeoutMs: 1000 })).toMatchObject({
      code: 'invalid',
    });
    expect(await client.run({ command: 'x'.repeat(megabyte), timeoutMs: 1000 })).toMatchObject({
      code: 'invalid',
    });
  });
});

describe('files', () => {
  it('writes, reads in parts, hashes, describes and removes', async () => {
    expect(done(await client.writeFile('a/b/c.txt', Buffer.from('hello world')))).toEqual({ bytes: 11 });
    const part = done(await client.readFile('/work/a/b/c.txt', { offset: 6, maxBytes: 3 }));
    expect({ text: decodeText(part.bytes).text, total: part.totalBytes }).toEqual({ text: 'wor', total: 11 });
    expect(done(await client.hash('a/b/c.txt')).sha256).toBe(
      'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
    );
    expect(done(await client.stat('a'))).toMatchObject({ path: 'a', kind: 'directory' });
    done(await client.remove('a'));
    expect(await client.stat('a/b/c.txt')).toMatchObject({ kind: 'refused', code: 'not-found' });
  });

  it('streams more than any window in both directions, unchanged', async () => {
    const part = Buffer.alloc(megabyte, 'abcdefg');
    const all = Buffer.concat([part, part, part, Buffer.from('end')]);
    expect(done(await client.writeFile('large', pieces(part, part, part, Buffer.from('end')))).bytes).toBe(
      all.length,
    );
    expect((await collect(client.readStream('large'))).equals(all)).toBe(true);
    const slow: number[] = [];
    for await (const chunk of client.readStream('large')) {
      slow.push(chunk.length);
      if (slow.length === 10) break;
    }
    expect(await say('echo still here')).toBe('still here');
  });

  it('keeps the earlier version when an upload breaks', async () => {
    done(await client.writeFile('f', Buffer.from('old')));
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('new');
      throw new Error('source broke');
    }
    await expect(client.writeFile('f', broken())).rejects.toThrow('source broke');
    expect(await say('cat f; ls -A | wc -l')).toBe('old1');
  });

  it('lists names as data: newlines, escapes and bytes that are not UTF-8', async () => {
    await run(
      `touch $'two\\nlines' $'esc\\e[31m' $'bad\\xff' 'größe'; mkdir sub; touch sub/in; ln -s /etc/passwd link; mkfifo pipe`,
    );
    const { entries, truncated } = done(await client.list('.', { recursive: true, limit: 100 }));
    expect(truncated).toBe(false);
    expect(entries.map(({ path, kind, escaped }) => [path, kind, escaped])).toEqual([
      ['bad\\xff', 'file', true],
      ['esc\u001b[31m', 'file', undefined],
      ['größe', 'file', undefined],
      ['link', 'symlink', undefined],
      ['pipe', 'other', undefined],
      ['sub', 'directory', undefined],
      ['two\nlines', 'file', undefined],
      ['sub/in', 'file', undefined],
    ]);
    done(await client.writeFile('two\nlines', Buffer.from('x')));
    expect(done(await client.stat('two\nlines')).bytes).toBe(1);
    expect(done(await client.list('.', { recursive: true, limit: 2 }))).toMatchObject({ truncated: true });
  });

  it('lists thousands of entries up to its limit', async () => {
    await run('seq -f "file-with-a-long-name-%g" 1 6000 | xargs touch');
    const { entries, truncated } = done(await client.list('.', { recursive: false, limit: 5000 }));
    expect([entries.length, truncated]).toEqual([5000, true]);
  });

  it.each(['../etc/passwd', '/etc/passwd', '/work/../etc/passwd', 'link/passwd', 'file-link', '/workshop/x'])(
    'refuses %s, which leaves scratch',
    async (path) => {
      await run('ln -s /etc link; ln -s /etc/passwd file-link');
      expect(await client.readFile(path, { maxBytes: 100 })).toMatchObject({
        kind: 'refused',
        code: 'outside',
      });
      expect(await client.hash(path)).toMatchObject({ code: 'outside' });
      if (path === 'file-link') return;
      expect(await client.writeFile(path, Buffer.from('x'))).toMatchObject({ code: 'outside' });
      expect(await client.remove(path)).toMatchObject({ code: 'outside' });
    },
  );

  it('replaces and removes a link, never what it points to', async () => {
    await run('echo target > target; ln -s target link; mkdir d; ln -s ../target d/link');
    done(await client.writeFile('link', Buffer.from('new')));
    done(await client.remove('d'));
    expect(await say('cat target link')).toBe('target\nnew');
  });

  it.each([
    ['a FIFO', 'mkfifo x', 'wrong-kind'],
    ['a directory', 'mkdir x', 'wrong-kind'],
    ['a link in a circle', 'ln -s x x', 'invalid'],
    ['a file without permission', 'touch x; chmod 000 x', 'denied'],
  ])('refuses to read %s', async (_name, make, code) => {
    await run(make);
    expect(await client.readFile('x', { maxBytes: 10 })).toMatchObject({ kind: 'refused', code });
  });

  it('refuses what is not a path inside scratch', async () => {
    expect(await client.remove('.')).toMatchObject({ code: 'invalid' });
    expect(await client.readFile('a\0b', { maxBytes: 10 })).toMatchObject({ code: 'invalid' });
    expect(await client.writeFile('n'.repeat(300), Buffer.from('x'))).toMatchObject({ code: 'invalid' });
  });
});

describe('snapshot and restore', () => {
  it('brings back contents, links, modes and odd names in another sandbox, and nothing else', async () => {
    await run(
      `mkdir -p d/e; echo text > d/e/f; ln -s e/f d/link; ln -s /etc/passwd out; touch $'a\\nb' $'\\xff'; echo '#!/bin/sh' > d/tool; chmod 750 d/tool; truncate -s 1G sparse; touch secret; chmod 000 secret`,
    );
    const archive = await collect(client.snapshot({ maxBytes: 10 * megabyte }));
    const other = await bench.open();
    done(await other.client.run({ command: 'mkdir -p old/x; touch old/y', timeoutMs: 5000 }));
    done(await other.client.restore(pieces(archive)));
    const command = `find . -printf '%P|%y|%m|%l|%s\\n' | grep -v '^|' | LC_ALL=C sort | od -c; cat d/e/f`;
    const there = done(await other.client.run({ command, timeoutMs: 5000 }));
    await run('rm -f secret');
    done(await other.client.run({ command: 'rm -f secret', timeoutMs: 5000 }));
    const again = done(await other.client.run({ command: command.replace("%s'", "'"), timeoutMs: 5000 }));
    expect(decodeOutput(there.stdout).text).toMatch(/text\n$/);
    expect(decodeOutput(again.stdout).text).toBe(
      await say(command.replace("%s'", "'")).then((text) => `${text}\n`),
    );
    expect(decodeOutput(again.stdout).text).not.toMatch(/o\s+l\s+d/);
    await other.executor.kill();
  });

  it('refuses to grow past its limit, and the sandbox goes on', async () => {
    await run('head -c 3000000 /dev/urandom > noise');
    const tooLarge = collect(client.snapshot({ maxBytes: megabyte }));
    await expect(tooLarge).rejects.toSatisfy(
      (error) => error instanceof ShimRefusedError && error.refusal.code === 'too-large',
    );
    expect(await say('echo fine')).toBe('fine');
  });

  it('takes turns with commands', async () => {
    await run('head -c 2000000 /dev/zero > zeros');
    const [archive, result] = await Promise.all([
      collect(client.snapshot({ maxBytes: 10 * megabyte })),
      client.run({ command: 'echo after', timeoutMs: 5000 }),
    ]);
    expect(archive.length).toBeGreaterThan(2_000_000);
    expect(result).toMatchObject({ kind: 'done', value: { exitCode: 0 } });
  });

  it('says when an archive is none', async () => {
    expect(await client.restore(pieces(Buffer.alloc(4096, 'no tar')))).toMatchObject({ code: 'failed' });
    expect(await say('echo fine')).toBe('fine');
  });
});

describe('a sandbox that is lost', () => {
  it('fails what is under way, when a command kills the shim', async () => {
    const victim = await bench.open();
    const running = victim.client.run({ command: 'kill -9 $PPID; sleep 100', timeoutMs: 5000 });
    await expect(running).rejects.toThrow('sandbox lost');
    await victim.executor.ended;
    await expect(victim.client.stat('.')).rejects.toThrow('sandbox lost');
  });

  it('ends when the client closes it', async () => {
    const other = await bench.open();
    other.client.close();
    await expect(other.executor.ended).resolves.toBeDefined();
  });
});
