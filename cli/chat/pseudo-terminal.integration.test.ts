import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openFakeHouse } from '@reeve/channel-http/testing';
import { expect, test } from 'vitest';
import { answerOf } from './testing/sample-events.ts';

const DRIVER = fileURLToPath(new URL('./testing/terminal-driver.ts', import.meta.url));

/** Runs the chat under `script`, which gives it a pseudo-terminal of 60 columns and passes bytes on. */
function openPseudoTerminal(url: string, token: string) {
  const command = `stty cols 60 rows 20; ${process.execPath} ${DRIVER} ${url} ${token}; stty -a`;
  const child = spawn('/usr/bin/script', ['-qfec', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  return {
    child,
    type: (keys: string) => child.stdin.write(keys),
    shown: () => shown,
    async shows(text: string) {
      for (let tries = 0; tries < 1000 && !shown.includes(text); tries += 1) await sleep(10);
      expect(shown).toContain(text);
    },
  };
}

test('under a real pseudo-terminal: raw keys, width, Ctrl-C as a key, and the terminal as it was', async () => {
  const house = await openFakeHouse();
  house.onMessage = async (_message, turnId) => {
    const { content, about } = answerOf(turnId, `Answer: ${'word '.repeat(20)}`);
    await house.deliver(content, about);
  };
  const terminal = openPseudoTerminal(house.url, house.token);
  try {
    await terminal.shows('› ');
    terminal.type('helo\u001b[Dl\r');
    await terminal.shows('Answer: word');
    expect(house.received.map((message) => message.text)).toEqual(['hello']);
    const widest = Math.max(...(/Answer:[^\r]*/.exec(terminal.shown()) ?? []).map((line) => line.length));
    expect(widest).toBeLessThan(60);
    terminal.type('\u0003');
    await terminal.shows('Ctrl-C once more leaves');
    terminal.type('\u0003');
    await terminal.shows('left');
    await once(terminal.child, 'exit');
    expect(terminal.shown()).toMatch(/[^-]icanon/);
    expect(terminal.shown()).toMatch(/[^-]echo /);
  } finally {
    terminal.child.kill('SIGKILL');
    await house.stop();
  }
});
