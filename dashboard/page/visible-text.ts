/** Joins the parts of one emoji, or chooses how it looks: harmless within one, and nowhere else. */
const EMOJI_PART = [
  '(?<=\\p{Extended_Pictographic}\\uFE0F?|[\\u{1F3FB}-\\u{1F3FF}])\\u200D(?=\\p{Extended_Pictographic})',
  '(?<=\\p{Extended_Pictographic})[\\uFE0E\\uFE0F]',
  '(?<=[0-9#*])\\uFE0F(?=\\u20E3)',
].join('|');
/** What prints nothing or turns the direction of text, as in core's `showHidden`. */
const HIDDEN = [
  '[\\p{Default_Ignorable_Code_Point}\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Noncharacter_Code_Point}]',
  '[\\u2800\\u{13441}\\u{13442}\\u{16FE4}\\u{1D159}]',
].join('|');
const EITHER = new RegExp(`(${EMOJI_PART})|${HIDDEN}`, 'gu');
const PLAIN = new Set(['\n', '\t', '\r']);

/** Shows hidden characters as visible escapes (`⟨U+202E⟩`); emoji stay whole. */
export function showHidden(text: string): string {
  return text.replace(EITHER, (character: string, part: string | undefined) =>
    part !== undefined || PLAIN.has(character) ? character : escapeOf(character),
  );
}

function escapeOf(character: string): string {
  return `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
