import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { eventually, makeTestHome, type TestHome } from '../testing/reeve-process.ts';

const CLONE = fileURLToPath(new URL('../../', import.meta.url));

interface Terminal extends AsyncDisposable {
  type(line: string): void;
  /** Waits until what was shown since the last call matches, and returns the match. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
}

/** `npm start` in a pseudo-terminal of 100 columns, as a person starts it. */
function openTerminal(home: TestHome): Terminal {
  const child = spawn('/usr/bin/script', ['-qfec', 'stty cols 100 rows 40; exec npm start', '/dev/null'], {
    cwd: CLONE,
    env: { ...home.environment(), TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let read = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
  });
  return {
    child,
    type: (line) => child.stdin.write(`${line}\r`),
    async shows(pattern) {
      return eventually(`“${pattern.source}” on the screen`, async () => {
        const fresh = stripVTControlCharacters(shown.slice(read)).replaceAll('\r', '');
        const match = pattern.exec(fresh);
        if (match) read = shown.length;
        return match;
      });
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

describe('npm start in a terminal', () => {
  it('takes a person through the main job, a restart between question and answer included', async () => {
    await using home = await makeTestHome();
    let code = '';
    {
      await using terminal = openTerminal(home);
      await terminal.shows(/Reeve is up at http:\/\/127\.0\.0\.1:\d+/);
      terminal.type('Make a CSV of the first 20 primes and tell me their sum');
      await terminal.shows(/T-1 .*: done\.[\s\S]*639[\s\S]*Proof: step \d+/);
      terminal.type('Delete it');
      [, code = ''] = await terminal.shows(
        /asks: Delete 1 file: T-1\/primes\.csv[\s\S]*\/approve ([A-Z0-9]{4})/,
      );
      terminal.type('/quit');
      await once(terminal.child, 'close');
    }
    await using terminal = openTerminal(home);
    await terminal.shows(/Reeve is up at/);
    terminal.type('/status');
    await terminal.shows(new RegExp(`Waiting for you:[\\s\\S]*${code}`));
    terminal.type(`/approve ${code}`);
    await terminal.shows(/T-2 .*: done\.[\s\S]*Deleted T-1\/primes\.csv/);
    terminal.child.stdin.write('\u0003');
    await terminal.shows(/Ctrl-C once more leaves/);
    terminal.child.stdin.write('\u0003');
    const [exitCode] = await once(terminal.child, 'close');
    expect(exitCode).toBe(0);
  });
});
