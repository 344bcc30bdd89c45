/**
 * Characters that change what a person sees without being seen: C0 and C1 controls (line feed and tab excepted),
 * soft hyphen, zero-width and joiner characters, bidirectional controls, line and paragraph separators, variation
 * selectors used as carriers, the Unicode tag block, byte-order mark, and unpaired surrogates.
 * Source: Unicode categories Cc, Cf, Zl, Zp, Cs, plus Hangul and Braille fillers that print as blanks.
 */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115F\u1160\u3164\uFFA0\u2800]|[\uFE00-\uFE0F]|[\u{E0100}-\u{E01EF}]/gu;
const PLAIN_CONTROLS = new Set(['\n', '\t']);

/**
 * Shows hidden characters as visible escapes (`⟨U+202E⟩`), so that what an approval card shows is what will run.
 * Nothing is dropped and nothing else changes; text without such characters comes back as it is.
 */
export function showHidden(text: string): string {
  return text.replace(HIDDEN, (character) =>
    PLAIN_CONTROLS.has(character) ? character : escapeOf(character),
  );
}

/** The same for one-line places such as file names and titles: line feeds and tabs become escapes too. */
export function showHiddenInLine(text: string): string {
  return text.replace(HIDDEN, escapeOf);
}

function escapeOf(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  return `⟨U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/** Cuts a one-line text to a number of graphemes and says so with an ellipsis; for labels, never for approvals. */
export function shorten(text: string, graphemes: number): string {
  const line = showHiddenInLine(text.replace(/\s+/g, ' ').trim());
  const segments = Array.from(new Intl.Segmenter().segment(line), (part) => part.segment);
  return segments.length <= graphemes ? line : `${segments.slice(0, graphemes - 1).join('')}…`;
}
