import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HomeLock, lockHome } from './home-lock.ts';

const startedAt = new Date('2026-11-20T12:00:00Z');
const moduleUrl = new URL('./home-lock.ts', import.meta.url).href;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'reeve-home-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function take(home: string, pid = 123): Promise<HomeLock> {
  const outcome = await lockHome(home, { pid, startedAt });
  if (outcome.kind !== 'locked') throw new Error(outcome.message);
  return outcome;
}

describe('lockHome', () => {
  it('refuses a second start and names the first', async () => {
    const home = join(directory, 'home');
    const lock = await take(home);
    await lock.announce('http://127.0.0.1:7777');
    const second = await lockHome(home, { pid: 456, startedAt });
    expect(second).toMatchObject({
      kind: 'held',
      message: `Reeve is already running on ${home} (pid 123, since 2026-11-20T12:00:00.000Z, http://127.0.0.1:7777).`,
    });
    await lock.release();
    await (await take(home, 456)).release();
  });

  it('sees through another path to the same home', async () => {
    const home = join(directory, 'home');
    const lock = await take(home);
    symlinkSync(home, join(directory, 'link'));
    expect((await lockHome(join(directory, 'link'), { pid: 456, startedAt })).kind).toBe('held');
    await lock.release();
  });

  it('keeps different homes apart', async () => {
    const first = await take(join(directory, 'a'));
    const second = await take(join(directory, 'b'));
    await Promise.all([first.release(), second.release()]);
  });

  it('ends with a process that is killed', async () => {
    const home = join(directory, 'home');
    const script = `
      import { lockHome } from ${JSON.stringify(moduleUrl)};
      await lockHome(${JSON.stringify(home)}, { pid: process.pid, startedAt: new Date() });
      console.log('locked');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    expect(await lockHome(home, { pid: 1, startedAt })).toMatchObject({
      kind: 'held',
      holder: { pid: child.pid },
    });
    child.kill('SIGKILL');
    await ended;
    await (await take(home)).release();
  });
});
