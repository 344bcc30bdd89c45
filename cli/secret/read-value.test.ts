import { PassThrough } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { expect, it } from 'vitest';
import { readSecretValue } from './read-value.ts';

/** A terminal that is typed at, what the prompt wrote, and whether the terminal echoes. */
function openTerminal(typed: readonly string[]) {
  const modes: boolean[] = [];
  let shown = '';
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => modes.push(raw),
  });
  for (const piece of typed) input.write(piece);
  const prompt = {
    text: 'Value: ',
    write: (text: string) => {
      shown += text;
    },
  };
  return {
    read: () => readSecretValue(input as unknown as ReadStream, prompt),
    shown: () => shown,
    modes,
  };
}

const piped = (text: string) =>
  readSecretValue(new PassThrough().end(text), { text: '', write: () => undefined });

it.each([
  ['a value\n', 'a value'],
  ['a value\r\n', 'a value'],
  ['two\nlines\n\n', 'two\nlines\n'],
  ['é', 'é'],
])('takes %j from a pipe as %j', async (text, value) => {
  expect(await piped(text)).toBe(value);
});

it.each(['', '\n'])('says so when nothing is piped in: %j', async (text) => {
  await expect(piped(text)).rejects.toThrow('No value was given. Nothing was stored.');
});

it('takes a line from a terminal that shows nothing of it, with the usual keys to mend it', async () => {
  const terminal = openTerminal(['wrong\u0015se', 'cry\u007fet', '\r']);
  expect(await terminal.read()).toBe('secret');
  expect(terminal.shown()).toBe('Value: \n');
  expect(terminal.modes).toEqual([true, false]);
});

it('gives the terminal back when Ctrl-C stops it', async () => {
  const terminal = openTerminal(['sec\u0003']);
  await expect(terminal.read()).rejects.toThrow('Stopped. Nothing was stored.');
  expect(terminal.modes).toEqual([true, false]);
});
