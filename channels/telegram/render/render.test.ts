import { TEXT_LIMIT } from '@reeve/core/testing/telegram-peer';
import { describe, expect, it } from 'vitest';
import { markdownText } from './markdown-text.ts';
import { splitRichText } from './split-text.ts';

/** Each entity with what it covers: `bold:words`. */
function shown(markdown: string): { text: string; entities: string[] } {
  const { text, entities } = markdownText(markdown);
  return {
    text,
    entities: entities.map((entity) => {
      const about =
        entity.type === 'pre' ? entity.language : entity.type === 'text_link' ? entity.url : undefined;
      const words = text.slice(entity.offset, entity.offset + entity.length);
      return `${entity.type}${about === undefined ? '' : `(${about})`}:${words}`;
    }),
  };
}

describe('markdown as text and entities', () => {
  it('styles words, and code inside bold stays code', () => {
    expect(shown('a **b `c` _d_** ~~e~~')).toEqual({
      text: 'a b c d e',
      entities: ['bold:b', 'code:c', 'bold:d', 'italic:d', 'strikethrough:e'],
    });
  });

  it('makes headings bold and keeps blocks apart', () => {
    expect(shown('# One\n\nwords\n\n## Two\n> said\n>\n> so')).toEqual({
      text: 'One\n\nwords\n\nTwo\n\nsaid\n\nso',
      entities: ['bold:One', 'underline:One', 'bold:Two', 'blockquote:said\n\nso'],
    });
  });

  it('shows nested, numbered and task lists', () => {
    const { text } = shown('- a\n  - b\n    c\n- d\n\n3. x\n4. y\n\n- [x] done\n- [ ] open');
    expect(text).toBe('• a\n  • b\n    c\n• d\n\n3. x\n4. y\n\n☑ done\n☐ open');
  });

  it('aligns tables in a fixed-width font', () => {
    const { text, entities } = shown('| name | n |\n|:--|--:|\n| 東京 | 5 |\n| **b** | 1234 |');
    expect(text).toBe('name │    n\n─────┼─────\n東京 │    5\nb    │ 1234');
    expect(entities).toHaveLength(1);
  });

  it('keeps code as it is, with its language', () => {
    expect(shown('```ts\n  if (a) {\n\n  }\n```\nthen')).toEqual({
      text: '\u2060  if (a) {\n\n  }\n\nthen',
      entities: ['pre(ts):  if (a) {\n\n  }'],
    });
  });

  it('puts addresses behind words, and shows those that Telegram cannot open', () => {
    expect(shown('[docs](https://example.org/a) https://example.org [m](mailto:a@example.org)')).toEqual({
      text: 'docs https://example.org m (mailto:a@example.org)',
      entities: ['text_link(https://example.org/a):docs'],
    });
  });

  it('takes out what the server would take out', () => {
    expect(shown('a\u202Eb\u0007c').text).toBe('ab c');
  });
});

describe('splitting', () => {
  it('cuts between paragraphs and never through a short entity', () => {
    const paragraph = `${'word '.repeat(100)}**${'bold '.repeat(20)}end**`;
    const parts = splitRichText(markdownText(Array(20).fill(paragraph).join('\n\n')), TEXT_LIMIT);
    expect(parts.length).toBeGreaterThan(2);
    for (const { text, entities } of parts)
      for (const { offset, length } of entities) expect(text.slice(offset, offset + length)).toMatch(/end$/);
  });

  it('goes on with long code in the next message', () => {
    const code = Array.from({ length: 900 }, (_, line) => `    line ${line}`).join('\n');
    const parts = splitRichText(markdownText(`\`\`\`py\n${code}\n\`\`\``), TEXT_LIMIT);
    expect(parts.map(({ text }) => text.replaceAll('\u2060', '')).join('\n')).toBe(code);
    for (const { entities } of parts) expect(entities).toMatchObject([{ type: 'pre', language: 'py' }]);
  });

  it('keeps graphemes whole', () => {
    const family = '👩‍👩‍👧‍👦';
    const parts = splitRichText(markdownText(family.repeat(1000)), TEXT_LIMIT);
    for (const { text } of parts) expect(text.length % family.length).toBe(0);
    expect(parts.map(({ text }) => text).join('')).toBe(family.repeat(1000));
  });
});
