import { describe, expect, it } from 'vitest';
import { spokenText } from './spoken-text.ts';

describe('what is read out', () => {
  it.each([
    ['**Two** plus *three* is `5`.', 'Two plus three is 5.'],
    ['# Result\n\nAll done', 'Result. All done.'],
    ['- one\n- two\n  - three', 'one. two. three.'],
    ['1. first\n2. second', 'first. second.'],
    ['- [x] done\n- [ ] open!', 'done. open!'],
    ['> said\n\nso', 'said. so.'],
    ['Wie geht’s? 👋🏽 Gut 🙂', 'Wie geht’s? Gut.'],
    ['1️⃣ and © 2026', '1 and © 2026.'],
    ['one  \ntwo', 'one two.'],
    ['你好。', '你好。'],
  ])('of %j', (markdown, text) => expect(spokenText(markdown).text).toBe(text));

  it.each([
    ['Look:\n\n```ts\nconst secret = 1;\n```\n\nThat is it.', 'Look: That is it.'],
    ['See [the page](https://example.org/a?b=c).', 'See the page.'],
    ['See https://example.org/a and www.example.org now.', 'See and now.'],
    ['Write to ann@example.org today.', 'Write to today.'],
    ['| a | b |\n|---|---|\n| 1 | 2 |\n\nDone.', 'Done.'],
    ['![a chart](https://example.org/c.png)', ''],
    ['```\nonly code\n```', ''],
    ['<b>x</b>', 'x.'],
    ['***', ''],
  ])('never holds code, tables, pictures or addresses: %j', (markdown, text) =>
    expect(spokenText(markdown).text).toBe(text),
  );

  it('says whether something is missing', () => {
    expect(spokenText('Plain words, [linked](https://example.org).')).toMatchObject({
      isCut: false,
      hasGaps: false,
    });
    expect(spokenText('Words.\n\n```\ncode\n```').hasGaps).toBe(true);
    expect(spokenText('See https://example.org').hasGaps).toBe(true);
  });

  it('is the beginning of a long answer, up to the end of a sentence', () => {
    const long = spokenText('A sentence of seven words stands here. '.repeat(100));
    expect(long.isCut).toBe(true);
    expect(long.text.length).toBeLessThanOrEqual(1200);
    expect(long.text.length).toBeGreaterThan(1100);
    expect(long.text.endsWith('stands here.')).toBe(true);
    const endless = spokenText('word '.repeat(500));
    expect(endless).toMatchObject({ isCut: true, text: expect.stringMatching(/word$/) });
    expect(spokenText('x'.repeat(5000)).text).toHaveLength(1200);
  });
});
