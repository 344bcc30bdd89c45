/** Words within a line of Markdown. */
export type Inline =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'emphasis' | 'strike'; readonly inner: readonly Inline[] }
  | { readonly kind: 'link'; readonly label: string; readonly url: string }
  /** A path among the owner's files. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'break' };

/** Links that may be followed; any other address stays text. */
const SAFE_URL = /^(https?:\/\/|mailto:)[^\s<>"]+$/i;
/** What tasks and uploads are called among the owner's files. */
const FILE_PATH = /^(?:T-\d+|uploads)\/[^\s`]*[^\s`.,;:!?)]$/;
const PLAIN_URL = /https?:\/\/[^\s<>"`\]]*[^\s<>"`\].,;:!?)'*_~]/y;
const PLAIN_FILE = /(?:T-\d+|uploads)\/[\p{L}\p{N}._/-]*\.[\p{L}\p{N}]+/uy;
const TICKS = /`+/y;
const LINK =
  /!?\[((?:[^[\]\\]|\\.)*)\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/y;
const ANGLE_URL = /<((?:https?:\/\/|mailto:)[^\s<>]+)>/y;
const ESCAPE = /\\([!-/:-@[-`{-~])/y;
const MARKERS = [
  { mark: '**', kind: 'strong' },
  { mark: '__', kind: 'strong' },
  { mark: '~~', kind: 'strike' },
  { mark: '*', kind: 'emphasis' },
  { mark: '_', kind: 'emphasis' },
] as const;
/** Deeper nesting is shown as it was typed. */
const DEEPEST = 6;

/** Marks that nothing closes in the rest of a text: they are not looked for again, so that reading stays linear. */
type Unclosed = Set<string>;

/** Reads the words of a paragraph. What is not understood stays text, so nothing is lost. */
export function parseInline(text: string, depth = 0): Inline[] {
  const found: Inline[] = [];
  const unclosed: Unclosed = new Set();
  let plain = '';
  const take = (inline: Inline) => {
    if (plain !== '') found.push({ kind: 'text', text: plain });
    plain = '';
    found.push(inline);
  };
  let at = 0;
  while (at < text.length) {
    const next = readSpecial(text, at, depth, unclosed);
    if (next === null) {
      plain += text[at];
      at += 1;
      continue;
    }
    if (next.inline.kind === 'text') plain += next.inline.text;
    else take(next.inline);
    at = next.end;
  }
  if (plain !== '') found.push({ kind: 'text', text: plain });
  return found;
}

interface Special {
  readonly inline: Inline;
  readonly end: number;
}

function readSpecial(text: string, at: number, depth: number, unclosed: Unclosed): Special | null {
  switch (text[at]) {
    case '\\':
      return text[at + 1] === '\n' ? { inline: { kind: 'break' }, end: at + 2 } : readEscape(text, at);
    case '\n':
      return { inline: { kind: 'break' }, end: at + 1 };
    case '`':
      return readCode(text, at, unclosed);
    case '!':
    case '[':
      return readLink(text, at);
    case '<':
      return readMatch(ANGLE_URL, text, at, ([, url = '']) => ({ kind: 'link', label: url, url }));
    case '*':
    case '_':
    case '~':
      return depth < DEEPEST ? readMarked(text, at, depth, unclosed) : null;
    default:
      return readPlainAddress(text, at);
  }
}

function readMatch(
  pattern: RegExp,
  text: string,
  at: number,
  make: (match: RegExpExecArray) => Inline,
): Special | null {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  return match ? { inline: make(match), end: at + match[0].length } : null;
}

function readEscape(text: string, at: number): Special | null {
  return readMatch(ESCAPE, text, at, ([, character = '']) => ({ kind: 'text', text: character }));
}

function readCode(text: string, at: number, unclosed: Unclosed): Special {
  TICKS.lastIndex = at;
  const [ticks = '`'] = TICKS.exec(text) ?? [];
  const start = at + ticks.length;
  const end = unclosed.has(ticks) ? -1 : closingTicks(text, start, ticks);
  if (end < 0) {
    unclosed.add(ticks);
    return { inline: { kind: 'text', text: ticks }, end: start };
  }
  const code = text.slice(start, end).replaceAll('\n', ' ');
  const words = code.startsWith(' ') && code.endsWith(' ') && code.trim() !== '' ? code.slice(1, -1) : code;
  const inline = FILE_PATH.test(words) ? { kind: 'file', path: words } : { kind: 'code', text: words };
  return { inline: inline as Inline, end: end + ticks.length };
}

/** Where a run of exactly these backticks stands; -1 when none does. */
function closingTicks(text: string, start: number, ticks: string): number {
  for (let end = text.indexOf(ticks, start); end >= 0; ) {
    let after = end + ticks.length;
    while (text[after] === '`') after += 1;
    if (after === end + ticks.length) return end;
    end = text.indexOf(ticks, after);
  }
  return -1;
}

/** A picture is a link to it: nothing is ever loaded from an address that stands in a message. */
function readLink(text: string, at: number): Special | null {
  return readMatch(LINK, text, at, ([whole, label = '', url = '']) =>
    SAFE_URL.test(url)
      ? { kind: 'link', label: label.replace(/\\(.)/g, '$1') || url, url }
      : { kind: 'text', text: whole },
  );
}

function readMarked(text: string, at: number, depth: number, unclosed: Unclosed): Special | null {
  for (const { mark, kind } of MARKERS) {
    if (!text.startsWith(mark, at)) continue;
    const start = at + mark.length;
    if (/^\s?$/.test(text[start] ?? '')) continue;
    if (mark[0] === '_' && /[\p{L}\p{N}]/u.test(text[at - 1] ?? '')) continue;
    const end = unclosed.has(mark) ? -1 : closingOf(text, start, mark);
    if (end < 0) {
      unclosed.add(mark);
      continue;
    }
    const inner = parseInline(text.slice(start, end), depth + 1);
    return { inline: { kind, inner }, end: end + mark.length };
  }
  return null;
}

function closingOf(text: string, start: number, mark: string): number {
  for (let end = text.indexOf(mark, start + 1); end >= 0; end = text.indexOf(mark, end + 1)) {
    const isAfterWord = !/[\s\\]/.test(text[end - 1] ?? ' ');
    const isWhole = mark.length === 2 || (text[end + 1] !== mark && text[end - 1] !== mark);
    const isWordEnd = mark[0] !== '_' || !/[\p{L}\p{N}]/u.test(text[end + mark.length] ?? '');
    if (isAfterWord && isWhole && isWordEnd) return end;
  }
  return -1;
}

function readPlainAddress(text: string, at: number): Special | null {
  if (/[\p{L}\p{N}/]/u.test(text[at - 1] ?? '')) return null;
  if (text[at] === 'h') return readMatch(PLAIN_URL, text, at, ([url]) => ({ kind: 'link', label: url, url }));
  if (text[at] === 'T' || text[at] === 'u')
    return readMatch(PLAIN_FILE, text, at, ([path]) => ({ kind: 'file', path }));
  return null;
}
