import { TASK_STATES } from '@reeve/core';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { cardLines, cardLiveLine, cardTitle } from './card-text.ts';
import { createStyle } from './style.ts';
import { approvalCardOf, cardOf, taskCardOf } from './testing/sample-events.ts';

const PLAIN = createStyle(false);

test('a task card in each state is one line', () => {
  const lines = TASK_STATES.map((state) => cardLiveLine(cardOf(taskCardOf('T-3', state, state)), 80));
  expect(lines).toEqual([
    '… T-3 Make a CSV · queued · 4 s · /cancel T-3',
    '▶ T-3 Make a CSV · running · 4 s · /cancel T-3',
    '? T-3 Make a CSV · waiting · 4 s · /cancel T-3',
    '‖ T-3 Make a CSV · paused · 4 s · /cancel T-3',
    '✓ T-3 Make a CSV · succeeded · 4 s',
    '✗ T-3 Make a CSV · failed · 4 s',
    '■ T-3 Make a CSV · cancelled · 4 s',
    '⌛ T-3 Make a CSV · expired · 4 s',
  ]);
});

test('a task card in a narrow terminal is cut with an ellipsis', () => {
  expect(cardLiveLine(cardOf(taskCardOf('T-3', 'running')), 20)).toBe('▶ T-3 Make a CSV · …');
});

test('a pending question shows all that it asks and what to type', () => {
  expect(cardLines(cardOf(approvalCardOf('A7K2', 'T-3')), 60, PLAIN)).toEqual([
    '╭ ? T-3 asks: Delete 1 file: T-1/primes.csv',
    '│ Exactly: files.delete',
    '│ File: T-1/primes.csv',
    '│ Content (SHA-256):',
    '│   abababababababababababababababababababababababababababab',
    '│   abababab',
    '│ Asked by: T-3, started by you',
    '│ No answer by Sat 28 Nov, 12:00: not done.',
    '│ /approve A7K2  Once',
    '│ /deny A7K2  Deny',
    '╰─',
  ]);
});

test('a settled question has no buttons', () => {
  expect(cardLines(cardOf(approvalCardOf('A7K2', 'T-3', 'denied')), 90, PLAIN)).toEqual([
    '╭ ✗ Delete 1 file: T-1/primes.csv',
    '│ Exactly: files.delete',
    '│ File: T-1/primes.csv',
    `│ Content (SHA-256): ${'ab'.repeat(32)}`,
    '│ Asked by: T-3, started by you',
    '│ Denied by owner. Not done.',
    '╰─',
  ]);
});

test('the other kinds of block', () => {
  const card = {
    key: 'notice',
    title: 'All kinds',
    blocks: [
      { kind: 'heading' as const, text: 'A heading of its own' },
      { kind: 'progress' as const, icon: '▶', text: 'reading', done: 2, total: 4 },
      { kind: 'code' as const, language: 'sh', text: 'ls\n\trm -rf x' },
      { kind: 'list' as const, items: ['one', 'two words'] },
      { kind: 'file' as const, path: 'a.csv', bytes: 61, sha256: 'cd'.repeat(8) },
    ],
  };
  expect(cardLines(card, 40, PLAIN)).toEqual([
    '╭ All kinds',
    '│ A heading of its own',
    '│ ▶ reading (2 of 4)',
    '│   ls',
    '│       rm -rf x',
    '│ • one',
    '│ • two words',
    '│ File a.csv (61 bytes)',
    '│ SHA-256 cdcdcdcdcdcdcdcd',
    '╰─',
  ]);
});

test('hidden, bidirectional and control characters in a card are shown, emoji joiners too', () => {
  const hostile = 'a\u202Egpj.exe\u001b[2J\u200D👩‍💻\u0007\nb';
  const lines = cardLines(cardOf(approvalCardOf('A7K2', 'T-3', 'pending', hostile)), 200, PLAIN);
  const text = lines.join('\n');
  expect(text).toContain('a⟨U+202E⟩gpj.exe⟨U+001B⟩[2J⟨U+200D⟩👩⟨U+200D⟩💻⟨U+0007⟩');
  expect(text).not.toMatch(/\p{Cc}(?<!\n)|\p{Cf}/u);
  expect(cardTitle(cardOf(approvalCardOf('A7K2', 'T-3', 'pending', hostile)))).toContain('⟨U+000A⟩b');
});

test('no line of a card is wider than the terminal, whatever is in it', () => {
  for (const path of ['x'.repeat(500), '漢字'.repeat(100), 'many words '.repeat(40), '👩‍💻'.repeat(50)]) {
    for (const width of [20, 33, 79]) {
      const lines = cardLines(
        cardOf(approvalCardOf('A7K2', 'T-3', 'pending', path)),
        width,
        createStyle(true),
      );
      expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
    }
  }
});
