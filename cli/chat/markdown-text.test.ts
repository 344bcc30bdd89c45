import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { markdownLines } from './markdown-text.ts';
import { createStyle } from './style.ts';
import { fitLine, wrapLine } from './wrap-text.ts';

const plain = (markdown: string, width = 60) => markdownLines(markdown, width, createStyle(false));
const coloured = (markdown: string) => markdownLines(markdown, 60, createStyle(true)).join('\n');

test.each([
  ['bold and emphasis', 'a **bold** and *soft* word', ['a bold and soft word']],
  ['code spans', 'type `/help` or ``a`b``', ['type `/help` or `a`b`']],
  ['stars that mean nothing', '2 * 3 * 4 = 24, a*b*c', ['2 * 3 * 4 = 24, a*b*c']],
  ['snake case', 'a_b_c and __init__.py', ['a_b_c and init.py']],
  ['markup inside code', '`**x**` stays', ['`**x**` stays']],
  [
    'links',
    '[docs](https://a.example/x) and [https://b](https://b)',
    ['docs (https://a.example/x) and https://b'],
  ],
  ['headings', '## Title ##\ntext', ['Title', 'text']],
  ['lists', '- one\n* two\n  - deep\n1. first', ['• one', '• two', '  • deep', '1. first']],
  ['quotes', '> said\n>more', ['│ said', '│ more']],
  ['a rule', 'a\n\n---\nb', ['a', '', '────────────────────', 'b']],
  ['fenced code', '```sh\nls **x**\n\n  indented\n```\nafter', ['  ls **x**', '', '    indented', 'after']],
  ['a fence left open, as in a draft', 'see\n```\ncode', ['see', '  code']],
  ['Windows line ends', 'a\r\nb', ['a', 'b']],
])('%s', (_what, markdown, lines) => {
  expect(plain(markdown)).toEqual(lines);
});

test('with colours bold and code stand out', () => {
  expect(coloured('a **b** `c`')).toBe('a \u001b[1mb\u001b[22m \u001b[36mc\u001b[39m');
});

test('text cannot steer the terminal, and whole emoji stay', () => {
  expect(plain('\u001b]0;title\u0007\u001b[31mred \u202Egpj 👩‍💻 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 \u200Bx')).toEqual([
    '⟨U+001B⟩]0;title⟨U+0007⟩⟨U+001B⟩[31mred ⟨U+202E⟩gpj 👩‍💻 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿',
    '⟨U+200B⟩x',
  ]);
});

test('list items are wrapped under their text', () => {
  expect(plain('- one two three four', 12)).toEqual(['• one two', '  three four']);
});

test('long words, wide characters and colours never make a line too wide, and no letter is lost', () => {
  for (const text of [
    'x'.repeat(300),
    '漢字かな'.repeat(40),
    `**${'bold words '.repeat(30).trim()}**`,
    'a b '.repeat(99),
  ]) {
    for (const width of [10, 31, 80]) {
      const lines = markdownLines(text, width, createStyle(true));
      expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
      const letters = (all: string) => stripVTControlCharacters(all).replace(/[\s*]/g, '');
      expect(letters(lines.join(''))).toBe(letters(text));
    }
  }
});

test('a megabyte on one line takes no minute', () => {
  expect(markdownLines('word '.repeat(40_000), 80, createStyle(true)).length).toBeGreaterThan(2000);
  expect(wrapLine('y'.repeat(200_000), 80).length).toBe(2500);
});

test('a line is cut at its columns with an ellipsis', () => {
  expect(fitLine('漢字漢字', 6)).toBe('漢字…');
  expect(fitLine('short', 6)).toBe('short');
});
