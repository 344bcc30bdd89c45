import { CAPTION_LIMIT, checkText, TEXT_LIMIT } from '@reeve/core/testing/telegram-peer';
import fc from 'fast-check';
import { markdownText } from '../render/markdown-text.ts';
import { splitRichText } from '../render/split-text.ts';

const snippet = fc.oneof(
  fc.constantFrom(
    '**',
    '*',
    '_',
    '~~',
    '`',
    '```',
    '```js\n',
    '\n',
    '\n\n',
    '# ',
    '> ',
    '- ',
    '  - ',
    '1. ',
    '- [x] ',
    '| a | b |\n|---|--:|\n| c | d |\n',
    '[x](https://example.org/a)',
    '![i](x)',
    '<b>',
    '    ',
    '\t',
    '\\',
    '[^1]',
    '&nbsp;',
    '---\n',
    '👨‍👩‍👧',
    '🇩🇪',
    'שלום ',
    'مرحبا ',
    '\u202E',
    '\u200F',
    '\u2060',
    'e\u0301',
    '\u0000',
    '\ud83d',
    'word ',
    '` `',
    '[ ](https://example.org)',
    '| ` ` |\n|---|\n| x |\n',
    '**b** `c` '.repeat(52),
    `\n\`\`\`py\n${`    ${'x y '.repeat(24)}\n`.repeat(45)}\`\`\`\n`,
    `> ${'*quoted* '.repeat(51)}\n`,
    'word '.repeat(300),
    'x'.repeat(4097),
    '😀'.repeat(1500),
  ),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);

/** How many cases were tried, and the smallest one that went wrong, with why. */
export interface RenderingCheck {
  readonly cases: number;
  readonly counterexample: string | null;
}

/**
 * Renders and splits what a model might write, broken Markdown included, and has the strict server look at each part:
 * nothing may be refused, broken, lost or moved.
 */
export function checkRendering(cases: number): RenderingCheck {
  const markdown = fc.array(snippet, { maxLength: 20 }).map((pieces) => pieces.join(''));
  const property = fc.property(
    markdown,
    fc.constantFrom(TEXT_LIMIT, CAPTION_LIMIT, 60),
    (source, limit) => problemOf(source, limit) === null,
  );
  const outcome = fc.check(property, { numRuns: cases });
  const [source, limit] = outcome.counterexample ?? [];
  return {
    cases: outcome.numRuns,
    counterexample:
      source === undefined || limit === undefined
        ? null
        : `${problemOf(source, limit)}, for ${JSON.stringify(source)} in parts of ${limit}`,
  };
}

function problemOf(source: string, limit: number): string | null {
  const whole = markdownText(source);
  const parts = splitRichText(whole, limit);
  for (const { text, entities } of parts) {
    const checked = checkText(text, entities, limit);
    if (checked.kind === 'refused') return checked.description;
  }
  const isWhole = lettersOf(parts.map(({ text }) => text).join('')) === lettersOf(whole.text);
  return isWhole ? null : 'something was lost or moved';
}

function lettersOf(words: string): string {
  return words.replace(/[\s\u2060]+/g, '');
}
