const QUOTED = /`[^`]*`|"[^"\n]*"|“[^”]*”|(?<![\p{L}\p{N}])'[^'\n]+'(?![\p{L}\p{N}])/gu;
/** Stands for a quoted character: a private-use one, which no phrase matches. */
export const MASK = '\uE000';

/** The same text with everything between quotation marks masked, character for character. */
export function maskQuoted(text: string): string {
  return text.replace(QUOTED, (quoted) => MASK.repeat(quoted.length));
}

/** Splits a text where the pattern matches outside of quotation marks; empty pieces drop out. */
export function splitOutsideQuotes(text: string, pattern: RegExp): string[] {
  const masked = maskQuoted(text);
  const pieces: string[] = [];
  let from = 0;
  for (const match of masked.matchAll(new RegExp(pattern.source, 'giu'))) {
    pieces.push(text.slice(from, match.index));
    from = match.index + match[0].length;
  }
  pieces.push(text.slice(from));
  return pieces.map((piece) => piece.trim()).filter((piece) => piece !== '');
}

/** What stands between the quotation marks when the whole text is quoted; null when it is not. */
export function unquoted(text: string): string | null {
  const match = /^(?:`([^`]*)`|"([^"]*)"|“([^”]*)”|'([^']*)')$/su.exec(text.trim());
  return match ? (match[1] ?? match[2] ?? match[3] ?? match[4] ?? '') : null;
}

const PRONOUNS = new Set([
  'it',
  'that',
  'this',
  'them',
  'that file',
  'this file',
  'the file',
  'that one',
  'it all',
]);

export type PathReading =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'pronoun' }
  | { readonly kind: 'none' };

/**
 * Reads a file's name. Without quotation marks it must look like one (a dot or a slash in it, no spaces), so that
 * ordinary words are not taken for files; `isCalledFile` says that the word “file” stood before it.
 */
export function readPath(text: string, isCalledFile = false): PathReading {
  const trimmed = text.trim().replace(/[,;:!?]+$/, '');
  const quoted = unquoted(trimmed.replace(/\.$/, ''));
  if (quoted !== null) return quoted.trim() === '' ? { kind: 'none' } : { kind: 'path', path: quoted.trim() };
  const name = trimmed.replace(/\.$/, '').trim();
  if (PRONOUNS.has(name.toLowerCase())) return { kind: 'pronoun' };
  const plain = name.replace(/^(?:(?:the|my|our|a|an) )?(?:files? )?(?:called |named )?/i, '');
  const saysFile = isCalledFile || /\bfile\b/i.test(name);
  const looksLikeOne =
    /^[^\s`"“”]+$/u.test(plain) && (saysFile || /[./]/.test(plain)) && /[\p{L}\p{N}]/u.test(plain);
  return looksLikeOne ? { kind: 'path', path: plain } : { kind: 'none' };
}
