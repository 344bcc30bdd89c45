import { emitKeypressEvents } from 'node:readline';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { layOutInput } from './input-area.ts';
import { type EditedLine, EMPTY_LINE, type Key, lineText, markPaste, pressKey } from './line-editor.ts';

/** Types bytes as a terminal sends them; `|` in the result marks the cursor. */
function type(...chunks: string[]): { line: EditedLine; shown: string; wishes: string[] } {
  const keys = new PassThrough();
  emitKeypressEvents(keys);
  let line = EMPTY_LINE;
  const wishes: string[] = [];
  keys.on('keypress', (text: string | undefined, key: Key) => {
    const effect = pressKey(line, text, key);
    line = effect.line;
    if (effect.wish) wishes.push(effect.wish.kind === 'send' ? `send ${effect.wish.text}` : effect.wish.kind);
  });
  for (const chunk of chunks)
    keys.emit('data', Buffer.from(markPaste(Buffer.from(chunk).toString('latin1')), 'latin1'));
  return { line, shown: `${line.before.join('')}|${line.after.join('')}`, wishes };
}

const UP = '\u001b[A';
const DOWN = '\u001b[B';
const RIGHT = '\u001b[C';
const LEFT = '\u001b[D';

test.each([
  ['text', ['hello'], 'hello|'],
  ['backspace', ['hello\u007f\u007f'], 'hel|'],
  ['left and insert', ['ac', LEFT, 'b'], 'ab|c'],
  ['right at the end', ['a', RIGHT, 'b'], 'ab|'],
  ['home, end', ['bc', '\u001b[H', 'a', '\u001b[F', 'd'], 'abcd|'],
  ['Ctrl-A, Ctrl-E', ['bc', '\u0001', 'a', '\u0005', 'd'], 'abcd|'],
  ['delete', ['abc', LEFT, LEFT, '\u001b[3~'], 'a|c'],
  ['Ctrl-U', ['abc', LEFT, '\u0015'], '|c'],
  ['Ctrl-K', ['abc', LEFT, '\u000b'], 'ab|'],
  ['Ctrl-W', ['one two three', '\u0017'], 'one two |'],
  ['emoji count as one', ['a👨‍👩‍👧b', LEFT, '\u007f'], 'a|b'],
  ['a combining mark joins its letter', ['e', '\u0301', '\u007f'], '|'],
  ['Chinese in one read', ['你好'], '你好|'],
  ['an unknown key', ['a', '\u001b[15~'], 'a|'],
  ['Alt-Enter', ['a', '\u001b\r', 'b'], 'a\nb|'],
])('%s', (_what, chunks, shown) => {
  expect(type(...chunks).shown).toBe(shown);
});

test('Enter sends, as carriage return or line feed; an empty line sends nothing', () => {
  expect(type('one\r', '\r', 'two\n').wishes).toEqual(['send one', 'send two']);
});

test('Up and Down walk through what was sent and come back to what was being typed', () => {
  expect(type('one\r', 'two\r', 'thr', UP).shown).toBe('two|');
  expect(type('one\r', 'two\r', 'thr', UP, UP, UP).shown).toBe('one|');
  expect(type('one\r', 'two\r', 'thr', UP, UP, DOWN, DOWN).shown).toBe('thr|');
});

test('Ctrl-C clears a line, and on an empty one asks to interrupt; Ctrl-D on an empty one leaves', () => {
  expect(type('text\u0003')).toMatchObject({ shown: '|', wishes: [] });
  expect(type('\u0003\u0003').wishes).toEqual(['interrupt', 'interrupt']);
  expect(type('\u0004').wishes).toEqual(['leave']);
});

test('a bracketed paste of several lines is one message', () => {
  const { wishes } = type('see: ', '\u001b[200~one\r\ttwo\r/three\u001b[201~', '\r');
  expect(wishes).toEqual(['send see: one\n\ttwo\n/three']);
});

test('several lines in one read are a paste too, unless a command is among them', () => {
  expect(type('one\r\ntwo\nthree\r').wishes).toEqual(['send one\ntwo\nthree']);
  expect(type('one\rtwo').wishes).toEqual([]);
  expect(type('one\r/quit\r').wishes).toEqual(['send one', 'send /quit']);
});

test('an input is laid out in rows, and of a long one the rows around the cursor are shown', () => {
  const long = type('a'.repeat(25)).line;
  expect(layOutInput(long, 12, 8)).toEqual({
    lines: [`› ${'a'.repeat(10)}`, `  ${'a'.repeat(10)}`, '  aaaaa'],
    row: 2,
    column: 7,
  });
  expect(layOutInput(long, 12, 2)).toMatchObject({ lines: [`  ${'a'.repeat(10)}`, '  aaaaa'], row: 1 });
  expect(lineText(long)).toHaveLength(25);
});

test('control characters in a paste are shown, never passed to the terminal', () => {
  const { line } = type('\u001b[200~a\u0007b\u001b[201~');
  expect(layOutInput(line, 40, 8).lines).toEqual(['› a⟨U+0007⟩b']);
});
