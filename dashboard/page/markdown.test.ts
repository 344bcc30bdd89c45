import { expect, test } from 'vitest';
import { parseMarkdown } from './markdown.ts';
import { parseInline } from './markdown-inline.ts';

test('reads the blocks of a message', () => {
  const blocks = parseMarkdown(
    '# Title\n\nWords\nand more\n\n- one\n  - inner\n- two\n\n3. three\n\n> said\n\n```js\nlet a\n```\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n---',
  );
  expect(blocks.map(({ kind }) => kind)).toEqual([
    'heading',
    'paragraph',
    'list',
    'list',
    'quote',
    'code',
    'table',
    'rule',
  ]);
  expect(blocks[2]).toMatchObject({
    items: [[{ kind: 'paragraph' }, { kind: 'list' }], [{ kind: 'paragraph' }]],
  });
  expect(blocks[3]).toMatchObject({ start: 3 });
  expect(blocks[5]).toEqual({ kind: 'code', language: 'js', text: 'let a' });
});

test.each([
  ['**a *b* c**', [{ kind: 'strong' }]],
  ['`a ** b`', [{ kind: 'code', text: 'a ** b' }]],
  ['snake_case_name', [{ kind: 'text', text: 'snake_case_name' }]],
  ['2 * 3 * 4', [{ kind: 'text', text: '2 * 3 * 4' }]],
  ['\\*not\\*', [{ kind: 'text', text: '*not*' }]],
  ['![x](https://a.example/p.png)', [{ kind: 'link', label: 'x', url: 'https://a.example/p.png' }]],
  ['[x](javascript:alert)', [{ kind: 'text', text: '[x](javascript:alert)' }]],
  ['[x](data:text/html,a)', [{ kind: 'text', text: '[x](data:text/html,a)' }]],
  ['<b>x</b>', [{ kind: 'text', text: '<b>x</b>' }]],
  [
    'at https://a.example/b.',
    [{ kind: 'text' }, { kind: 'link', url: 'https://a.example/b' }, { kind: 'text' }],
  ],
  [
    'Stored T-1/primes.csv (1 byte)',
    [{ kind: 'text' }, { kind: 'file', path: 'T-1/primes.csv' }, { kind: 'text' }],
  ],
])('reads the words of %s', (text, expected) => {
  expect(parseInline(text)).toMatchObject(expected);
});

test.each(['*', '_a', '`', '``a', '[', '![', '> ', '- ', '|a', '<http://', '~~', '\\', '#', '1. '])(
  'takes thirty thousand of %s in no time',
  (piece) => {
    const started = performance.now();
    parseMarkdown(piece.repeat(30_000));
    // A reader that is not linear takes minutes.
    expect(performance.now() - started).toBeLessThan(3000);
  },
);
