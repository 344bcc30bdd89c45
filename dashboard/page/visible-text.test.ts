import { expect, test } from 'vitest';
import { showHidden } from './visible-text.ts';

test('shows what would be hidden, and leaves words and emoji alone', () => {
  expect(showHidden('a\u202Eb\u200Bc\u0007')).toBe('a⟨U+202E⟩b⟨U+200B⟩c⟨U+0007⟩');
  expect(showHidden('x\u200Dy')).toBe('x⟨U+200D⟩y');
  expect(showHidden('SOUL.md\u034F a\u{E01F0}\uFE0F\u3164\u2800\u{1D159}')).toBe(
    'SOUL.md⟨U+034F⟩ a⟨U+E01F0⟩⟨U+FE0F⟩⟨U+3164⟩⟨U+2800⟩⟨U+1D159⟩',
  );
  expect(showHidden('❤\uFE0F 1\uFE0F\u20E3 ✈\uFE0E')).toBe('❤\uFE0F 1\uFE0F\u20E3 ✈\uFE0E');
  expect(showHidden('👩\u200D💻 ok\n\tnaïve')).toBe('👩\u200D💻 ok\n\tnaïve');
});
