import { type Inline, parseInline } from './markdown-inline.ts';

/** A block of a message. */
export type MarkdownBlock =
  | { readonly kind: 'paragraph'; readonly inline: readonly Inline[] }
  | { readonly kind: 'heading'; readonly level: number; readonly inline: readonly Inline[] }
  | { readonly kind: 'code'; readonly language: string; readonly text: string }
  | { readonly kind: 'quote'; readonly blocks: readonly MarkdownBlock[] }
  | {
      readonly kind: 'list';
      /** The first number of a numbered list; null for bullets. */
      readonly start: number | null;
      readonly items: readonly (readonly MarkdownBlock[])[];
    }
  | {
      readonly kind: 'table';
      readonly head: readonly (readonly Inline[])[];
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    }
  | { readonly kind: 'rule' };

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( {1,4}|$)(.*)$/;
const TABLE_RULE = /^ {0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
/** A longer line is words, whatever it begins with: the patterns below are not all linear. */
const LONGEST_MARKED = 2000;
/** Quotes and lists nested deeper than this are shown as they were typed. */
const DEEPEST = 8;

/**
 * Reads a message's Markdown: paragraphs, headings, lists, quotes, tables, code, rules. HTML is text. Never throws, and
 * keeps every word.
 */
export function parseMarkdown(text: string): MarkdownBlock[] {
  return parseLines(text.replace(/\r\n?/g, '\n').split('\n'), 0);
}

interface Read {
  readonly block: MarkdownBlock;
  readonly next: number;
}

type BlockReader = (lines: readonly string[], at: number, depth: number) => Read | null;

const READERS: readonly BlockReader[] = [readFence, readHeading, readRule, readQuote, readList, readTable];

function parseLines(lines: readonly string[], depth: number): MarkdownBlock[] {
  const blocks: MarkdownBlock[] = [];
  let paragraph: string[] = [];
  const endParagraph = () => {
    if (paragraph.length > 0) blocks.push(paragraphOf(paragraph));
    paragraph = [];
  };
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (line.trim() === '') {
      endParagraph();
      at += 1;
      continue;
    }
    const read = readBlock(lines, at, depth);
    if (read === null) {
      paragraph.push(line);
      at += 1;
      continue;
    }
    endParagraph();
    blocks.push(read.block);
    at = read.next;
  }
  endParagraph();
  return blocks;
}

function paragraphOf(lines: readonly string[]): MarkdownBlock {
  return { kind: 'paragraph', inline: parseInline(lines.map((line) => line.trim()).join('\n')) };
}

function readBlock(lines: readonly string[], at: number, depth: number): Read | null {
  if ((lines[at] ?? '').length > LONGEST_MARKED) return null;
  for (const reader of READERS) {
    const read = reader(lines, at, depth);
    if (read) return read;
  }
  return null;
}

function readFence(lines: readonly string[], at: number): Read | null {
  const [, fence = '', language = ''] = FENCE.exec(lines[at] ?? '') ?? [];
  if (fence === '') return null;
  const isEnd = (line: string) => {
    const end = line.trim();
    return end.length >= fence.length && end === fence.charAt(0).repeat(end.length);
  };
  let end = at + 1;
  while (end < lines.length && !isEnd(lines[end] ?? '')) end += 1;
  const text = lines.slice(at + 1, end).join('\n');
  return { block: { kind: 'code', language: language.trim(), text }, next: end + 1 };
}

function readHeading(lines: readonly string[], at: number): Read | null {
  const match = HEADING.exec(lines[at] ?? '');
  if (!match) return null;
  const [, marks = '#', words = ''] = match;
  return { block: { kind: 'heading', level: marks.length, inline: parseInline(words) }, next: at + 1 };
}

function readRule(lines: readonly string[], at: number): Read | null {
  return RULE.test(lines[at] ?? '') ? { block: { kind: 'rule' }, next: at + 1 } : null;
}

function readQuote(lines: readonly string[], at: number, depth: number): Read | null {
  if (depth >= DEEPEST) return null;
  const inner: string[] = [];
  let next = at;
  for (; next < lines.length; next += 1) {
    const match = QUOTE.exec(lines[next] ?? '');
    if (!match) break;
    inner.push(match[1] ?? '');
  }
  return inner.length === 0 ? null : { block: { kind: 'quote', blocks: parseLines(inner, depth + 1) }, next };
}

function readList(lines: readonly string[], at: number, depth: number): Read | null {
  const first = ITEM.exec(lines[at] ?? '');
  if (!first || depth >= DEEPEST) return null;
  const family = familyOf(first[2] ?? '');
  const items: MarkdownBlock[][] = [];
  let next = at;
  while (next < lines.length) {
    const match = ITEM.exec(lines[next] ?? '');
    if (!match || familyOf(match[2] ?? '') !== family) break;
    const item = readItem(lines, next, match);
    items.push(parseLines(item.lines, depth + 1));
    next = item.next;
  }
  const start = family === 'number' ? Number.parseInt(first[2] ?? '1', 10) : null;
  return { block: { kind: 'list', start, items }, next };
}

function familyOf(marker: string): string {
  return /\d/.test(marker) ? 'number' : marker;
}

/** An item's own lines: indented ones, and those that go straight on with its paragraph. */
function readItem(
  lines: readonly string[],
  at: number,
  [, indent = '', marker = '', space = '', words = '']: RegExpExecArray,
): { lines: string[]; next: number } {
  const width = indent.length + marker.length + Math.max(1, space.length);
  const own = [words];
  let next = at + 1;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    const isIndented = line.slice(0, Math.min(width, 2)).trim() === '' && /^\s/.test(line);
    if (line.trim() === '') {
      if (!/^\s{2,}\S/.test(lines[next + 1] ?? '')) break;
      own.push('');
    } else if (isIndented) own.push(line.replace(new RegExp(`^\\s{1,${width}}`), ''));
    else if ((lines[next - 1] ?? '').trim() === '' || startsBlock(lines, next)) break;
    else own.push(line);
  }
  // Blank lines between two items belong to the list.
  while (next < lines.length && (lines[next] ?? '').trim() === '' && ITEM.test(lines[next + 1] ?? ''))
    next += 1;
  return { lines: own, next };
}

function startsBlock(lines: readonly string[], at: number): boolean {
  const line = lines[at] ?? '';
  return [ITEM, FENCE, HEADING, RULE, QUOTE].some((pattern) => pattern.test(line));
}

function readTable(lines: readonly string[], at: number): Read | null {
  const head = lines[at] ?? '';
  if (!head.includes('|') || (lines[at + 1] ?? '').length > LONGEST_MARKED) return null;
  if (!TABLE_RULE.test(lines[at + 1] ?? '')) return null;
  const columns = cellsOf(head).length;
  if (columns !== cellsOf(lines[at + 1] ?? '').length) return null;
  const rows: Inline[][][] = [];
  let next = at + 2;
  for (; next < lines.length && (lines[next] ?? '').includes('|'); next += 1) {
    const cells = cellsOf(lines[next] ?? '');
    rows.push(Array.from({ length: columns }, (_, column) => parseInline(cells[column] ?? '')));
  }
  return { block: { kind: 'table', head: cellsOf(head).map((cell) => parseInline(cell)), rows }, next };
}

function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}
