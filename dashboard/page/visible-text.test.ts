import { expect, test } from 'vitest';
import { showHidden } from './visible-text.ts';

test('shows what would be hidden, and leaves words and emoji alone', () => {
  expect(showHidden('a\u202Eb\u200Bc\u0007')).toBe('a⟨U+202E⟩b⟨U+200B⟩c⟨U+0007⟩');
  expect(showHidden('x\u200Dy')).toBe('x⟨U+200D⟩y');
  expect(showHidden('👩\u200D💻 ok\n\tnaïve')).toBe('👩\u200D💻 ok\n\tnaïve');
});
