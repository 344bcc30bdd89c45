import { graphemesOf } from './wrap-text.ts';

/** The line that a person is typing. Pure: `pressKey` returns the next one. */
export interface EditedLine {
  /** Graphemes before and after the cursor. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Lines sent before, oldest first. */
  readonly history: readonly string[];
  /** Place in the history that is shown; null for the line being typed, which `kept` holds meanwhile. */
  readonly place: number | null;
  readonly kept: string;
  /** Between the marks of a bracketed paste, where Enter is a line feed. */
  readonly isPasting: boolean;
}

/** A key as `node:readline` reports it. */
export interface Key {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
}

export interface KeyEffect {
  readonly line: EditedLine;
  /** What the key asks for beside editing. */
  readonly wish:
    | null
    | { readonly kind: 'send'; readonly text: string }
    | { readonly kind: 'interrupt' | 'leave' | 'redraw' };
}

export const EMPTY_LINE: EditedLine = {
  before: [],
  after: [],
  history: [],
  place: null,
  kept: '',
  isPasting: false,
};
const HISTORY_LIMIT = 500;

export function lineText(line: EditedLine): string {
  return [...line.before, ...line.after].join('');
}

/**
 * Applies one key: printable characters, the arrows, Home and End, Backspace and Delete, the usual Ctrl keys (A E U K
 * W L C D), Alt-Enter and pastes (a line feed), Enter (sends), Up and Down (history). Other keys change nothing.
 */
export function pressKey(line: EditedLine, text: string | undefined, key: Key): KeyEffect {
  if (key.name === 'paste-start') return edited({ ...line, isPasting: true });
  if (key.name === 'paste-end') return edited({ ...line, isPasting: false });
  if (key.name === 'return' || key.name === 'enter') return enter(line, key);
  if (line.isPasting)
    return edited(key.name === 'tab' ? insert(line, '\t') : insert(line, text ?? key.sequence ?? ''));
  if (key.ctrl) return pressCtrl(line, key.name ?? '');
  return edited(pressPlain(line, text, key));
}

function edited(line: EditedLine): KeyEffect {
  return { line, wish: null };
}

function enter(line: EditedLine, key: Key): KeyEffect {
  if (line.isPasting || key.meta) return edited(insert(line, '\n'));
  const text = lineText(line);
  if (text.trim() === '') return edited(line);
  const history = line.history.at(-1) === text ? line.history : [...line.history, text].slice(-HISTORY_LIMIT);
  return { line: { ...EMPTY_LINE, history }, wish: { kind: 'send', text } };
}

function pressCtrl(line: EditedLine, name: string): KeyEffect {
  const { before, after } = line;
  switch (name) {
    case 'c':
      return lineText(line) === ''
        ? { line, wish: { kind: 'interrupt' } }
        : edited({ ...EMPTY_LINE, history: line.history });
    case 'd':
      return lineText(line) === ''
        ? { line, wish: { kind: 'leave' } }
        : edited({ ...line, after: after.slice(1) });
    case 'l':
      return { line, wish: { kind: 'redraw' } };
    case 'a':
      return edited({ ...line, before: [], after: [...before, ...after] });
    case 'e':
      return edited({ ...line, before: [...before, ...after], after: [] });
    case 'u':
      return edited({ ...line, before: [] });
    case 'k':
      return edited({ ...line, after: [] });
    case 'w':
      return edited({ ...line, before: withoutLastWord(before) });
    case 'h':
      return edited({ ...line, before: before.slice(0, -1) });
    default:
      return edited(line);
  }
}

function pressPlain(line: EditedLine, text: string | undefined, key: Key): EditedLine {
  const { before, after } = line;
  switch (key.name) {
    case 'left':
      return { ...line, before: before.slice(0, -1), after: [...before.slice(-1), ...after] };
    case 'right':
      return { ...line, before: [...before, ...after.slice(0, 1)], after: after.slice(1) };
    case 'home':
      return { ...line, before: [], after: [...before, ...after] };
    case 'end':
      return { ...line, before: [...before, ...after], after: [] };
    case 'backspace':
      return { ...line, before: key.meta ? withoutLastWord(before) : before.slice(0, -1) };
    case 'delete':
      return { ...line, after: after.slice(1) };
    case 'up':
      return recall(line, (line.place ?? line.history.length) - 1);
    case 'down':
      return line.place === null ? line : recall(line, line.place + 1);
    default:
      return key.meta || text === undefined || !isPrintable(text) ? line : insert(line, text);
  }
}

function insert(line: EditedLine, text: string): EditedLine {
  // Joined with what stands before it: a combining mark belongs to the character that was typed earlier.
  const joined = graphemesOf([...line.before.slice(-1), text].join(''));
  return { ...line, before: [...line.before.slice(0, -1), ...joined], place: null };
}

function withoutLastWord(graphemes: readonly string[]): readonly string[] {
  return graphemesOf(graphemes.join('').replace(/\S+\s*$/u, ''));
}

function isPrintable(text: string): boolean {
  return text !== '' && !/\p{Cc}/u.test(text);
}

function recall(line: EditedLine, place: number): EditedLine {
  const kept = line.place === null ? lineText(line) : line.kept;
  if (place < 0) return line;
  const isNewest = place >= line.history.length;
  const text = isNewest ? kept : (line.history[place] ?? '');
  return { ...line, before: graphemesOf(text), after: [], place: isNewest ? null : place, kept };
}

/**
 * Marks several lines that came in one read as a paste, for terminals without bracketed paste: they become one
 * message. Lines typed ahead are told from a paste by a command among them.
 */
export function markPaste(chunk: string): string {
  const body = chunk.replace(/[\r\n]+$/, '');
  const lines = body.split(/\r\n?|\n/);
  if (lines.length < 2 || chunk.includes('\u001b') || lines.some((line) => line.startsWith('/')))
    return chunk;
  return `\u001b[200~${lines.join('\r')}\u001b[201~${chunk.length > body.length ? '\r' : ''}`;
}
