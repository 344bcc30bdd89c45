import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shorten, showHidden, showHiddenInLine } from './visible-text.ts';

/** Every code point, surrogates included. */
const CODE_POINTS = Array.from({ length: 0x11_0000 }, (_, codePoint) => codePoint);
const PRINTS_NOTHING =
  /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}]/u;

describe('what is shown of hidden characters', () => {
  it.each([
    ['combining grapheme joiner', 0x03_4f],
    ['Khmer inherent vowel', 0x17_b4],
    ['Mongolian variation selector', 0x18_0b],
    ['Mongolian variation selector four', 0x18_0f],
    ['zero-width space', 0x20_0b],
    ['right-to-left override', 0x20_2e],
    ['unassigned, to be ignored', 0x20_65],
    ['braille blank', 0x28_00],
    ['Hangul filler', 0x31_64],
    ['variation selector', 0xfe_0f],
    ['halfwidth Hangul filler', 0xff_a0],
    ['unassigned special', 0xff_f0],
    ['noncharacter', 0xff_ff],
    ['hieroglyph blank', 0x1_34_41],
    ['Khitan filler', 0x1_6f_e4],
    ['null notehead', 0x1_d1_59],
    ['tag letter', 0xe_00_41],
    ['unassigned tag', 0xe_00_80],
    ['variation selector supplement', 0xe_01_f0],
  ])('%s', (_name, codePoint) => {
    const shown = `⟨U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}⟩`;
    expect(showHidden(`SOUL.md${String.fromCodePoint(codePoint)}`)).toBe(`SOUL.md${shown}`);
  });

  it('is every code point that Unicode has print nothing', () => {
    const missed = CODE_POINTS.filter((codePoint) => {
      const character = String.fromCodePoint(codePoint);
      return PRINTS_NOTHING.test(character) && !showHiddenInLine(character).startsWith('⟨U+');
    });
    expect(missed).toEqual([]);
  });

  it('leaves what is written alone, in every script', () => {
    const plain = 'naïve Zoë\u0301 – 日本語 한국어 عربى हिन्दी ខ្មែរ ᠮᠣᠩᠭᠣᠯ ⠓⠑⠇⠇⠕ 𝄞 👩 a\u00A0b';
    expect(showHidden(plain)).toBe(plain);
    expect(showHiddenInLine(plain)).toBe(plain);
  });

  it('keeps line feeds and tabs of text, and shows them on one line', () => {
    expect(showHidden('a\n\tb\r')).toBe('a\n\tb⟨U+000D⟩');
    expect(showHiddenInLine('a\n\tb')).toBe('a⟨U+000A⟩⟨U+0009⟩b');
  });

  it('never makes two texts look alike that differ in such a character, and changes nothing twice', () => {
    const hidden = fc.constantFrom(
      ...CODE_POINTS.map((codePoint) => String.fromCodePoint(codePoint)).filter((text) =>
        PRINTS_NOTHING.test(text),
      ),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        hidden,
        fc.string({ unit: 'grapheme' }),
        (left, character, right) => {
          const shown = showHiddenInLine(`${left}${character}${right}`);
          expect(shown).not.toMatch(PRINTS_NOTHING);
          expect(shown).not.toBe(showHiddenInLine(`${left}${right}`));
          expect(showHiddenInLine(shown)).toBe(shown);
        },
      ),
    );
  });

  it('shows them in what is cut, too', () => {
    expect(shorten('a\u034F  b', 20)).toBe('a⟨U+034F⟩ b');
  });
});
