/**
 * Characters that print nothing, or that change what a person sees without being seen: C0 and C1 controls (line feed and
 * tab excepted), all that Unicode has renderers ignore (joiners, bidirectional controls, variation selectors, fillers, the
 * tag block, code points that are kept free for more of these), line and paragraph separators, unpaired surrogates,
 * noncharacters, and those that are letters or symbols to Unicode and blank to the eye: the braille blank, hieroglyph
 * blanks, the Khitan filler, the null notehead. Spaces that take room are no part of it. A joiner or variation selector
 * within an emoji is shown too: on a card nothing is hidden, and who draws ordinary text keeps emoji whole itself.
 * Source: Unicode categories Cc, Cf, Zl, Zp, Cs, properties Default_Ignorable_Code_Point and Noncharacter_Code_Point.
 */
const HIDDEN =
  /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}]|[\u2800\u{13441}\u{13442}\u{16FE4}\u{1D159}]/gu;
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
