/** What `/attach` asks for: a file of this machine, and words that go with it. */
export interface AttachLine {
  readonly path: string;
  readonly words: string;
}

const LINE =
  /^\s*\/attach(?:\s+(?:"(?<double>[^"]+)"|'(?<single>[^']+)'|(?<bare>(?:\\.|[^\s\\])+))(?<words>[\s\S]*))?$/i;

/**
 * Reads `/attach "my report.pdf" what does it say`: quotes round a name with blanks, or a backslash before each blank,
 * as terminals write the name of a file that is dropped on them. Null for any other line; an empty path when no file
 * was named.
 */
export function readAttachLine(line: string): AttachLine | null {
  const match = LINE.exec(line);
  if (!match) return null;
  const { double, single, bare, words = '' } = match.groups ?? {};
  const path = double ?? single ?? bare?.replace(/\\(.)/g, '$1') ?? '';
  return { path, words: words.trim() };
}
