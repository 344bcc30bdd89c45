/** Joins the parts of one emoji: harmless between two of them. */
const EMOJI_JOINED =
  '(?<=\\p{Extended_Pictographic}\\uFE0F?|[\\u{1F3FB}-\\u{1F3FF}])\\u200D(?=\\p{Extended_Pictographic})';
/** Controls, marks that turn the direction of text, and characters of no width, as in core's `showHidden`. */
const HIDDEN =
  '[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}\\u115F\\u1160\\u3164\\uFFA0\\u2800]|[\\u{E0100}-\\u{E01EF}]';
const EITHER = new RegExp(`(${EMOJI_JOINED})|${HIDDEN}`, 'gu');
const PLAIN = new Set(['\n', '\t', '\r']);

/** Shows hidden characters as visible escapes (`⟨U+202E⟩`); emoji stay whole. */
export function showHidden(text: string): string {
  return text.replace(EITHER, (character: string, joiner: string | undefined) =>
    joiner !== undefined || PLAIN.has(character) ? character : escapeOf(character),
  );
}

function escapeOf(character: string): string {
  return `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
