export const SECRET_MARK = '[secret]';
/** The end of a cut-off answer is taken for the start of a value from this many characters on. */
const LEAST_START = 6;

/** Takes secrets out of a text; of one that `isCutOff` also what its end holds of a value. */
export type Conceal = (text: string, isCutOff?: boolean) => string;

/**
 * Takes secrets out of text that came back: each character as it is or escaped as JSON, HTML, percent signs and
 * backslashes do it, in any case; and the whole in base64 (also in the middle of other encoded bytes, and in lines),
 * hex and UTF-16. A help against sites that echo what they were sent; a site that means to give a secret away can write
 * it in any form.
 */
export function concealSecrets(values: readonly string[]): Conceal {
  const forms = [...new Set(values)]
    .filter((value) => value !== '')
    .sort((one, other) => other.length - one.length)
    .flatMap(formsOf);
  const wholes = forms.map(wholeOf);
  return (text, isCutOff = false) => {
    const shown = wholes.reduce(withoutWhole, text);
    return isCutOff ? forms.reduce(withoutStartAtEnd, shown) : shown;
  };
}

/** A value in one notation: for each of its characters the source of a pattern. */
type Form = readonly string[];

/** Patterns that match a value one after the other: as one pattern a long value would be too much for the engine. */
interface Whole {
  readonly start: RegExp;
  readonly rest: readonly RegExp[];
}

const UNITS_IN_ONE = 64;

function wholeOf(form: Form): Whole {
  const rest: RegExp[] = [];
  for (let at = UNITS_IN_ONE; at < form.length; at += UNITS_IN_ONE)
    rest.push(new RegExp(form.slice(at, at + UNITS_IN_ONE).join(''), 'iy'));
  return { start: new RegExp(form.slice(0, UNITS_IN_ONE).join(''), 'gi'), rest };
}

function withoutWhole(text: string, { start, rest }: Whole): string {
  if (rest.length === 0) return text.replace(start, SECRET_MARK);
  const kept: string[] = [];
  let from = 0;
  start.lastIndex = 0;
  for (let found = start.exec(text); found !== null; found = start.exec(text)) {
    const end = endOf(rest, text, start.lastIndex);
    if (end !== null) kept.push(text.slice(from, found.index), SECRET_MARK);
    from = end ?? from;
    start.lastIndex = end ?? found.index + 1;
  }
  return [...kept, text.slice(from)].join('');
}

function endOf(rest: readonly RegExp[], text: string, start: number): number | null {
  let end = start;
  for (const pattern of rest) {
    pattern.lastIndex = end;
    if (!pattern.test(text)) return null;
    end = pattern.lastIndex;
  }
  return end;
}

/** More characters than one of a value takes in any notation that sites use. */
const MOST_ESCAPED = 40;
/** What may be left of an escaped character that was cut in two. */
const CUT_ESCAPE = /^(?:[\\%&][\w\\%&#;{]{0,39})?$/;

function withoutStartAtEnd(text: string, form: Form): string {
  const units = form.map((unit) => new RegExp(unit, 'iy'));
  const first = Math.max(0, text.length - form.length * MOST_ESCAPED);
  for (let start = first; start <= text.length - LEAST_START; start += 1)
    if (isStartOf(units, text, start)) return text.slice(0, start) + SECRET_MARK;
  return text;
}

/** Whether all that follows is the first characters of a value, enough of them. */
function isStartOf(units: readonly RegExp[], text: string, start: number): boolean {
  let at = start;
  for (const [index, unit] of units.entries()) {
    unit.lastIndex = at;
    if (!unit.test(text))
      return index >= LEAST_START && CUT_ESCAPE.test(text.slice(at, at + MOST_ESCAPED + 1));
    at = unit.lastIndex;
  }
  return false;
}

function formsOf(value: string): Form[] {
  const hex = Buffer.from(value, 'utf8').toString('hex');
  return [
    charactersOf(value),
    [...hex],
    // In bytes that nobody read as UTF-16: the same in both byte orders but for the first or the last.
    [...value].flatMap((character, index) => (index === 0 ? [] : ['\\x00']).concat(literal(character))),
    ...[0, 1, 2].map((offset) => [...base64Core(value, offset)].map(base64Unit)),
  ];
}

/** The characters of base64 that depend on the value alone when so many bytes (modulo 3) stand before it. */
function base64Core(value: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value, 'utf8')]);
  const first = Math.ceil((offset * 8) / 6);
  return bytes.toString('base64').slice(first, Math.floor((bytes.length * 8) / 6));
}

/** Both alphabets, and lines of any length whose breaks may be escaped. */
function base64Unit(character: string, index: number): string {
  const isPlus = character === '+';
  const unit = isPlus || character === '/' ? either(['+-', '/_'][isPlus ? 0 : 1] ?? '') : character;
  return index === 0 ? unit : `(?:[\\r\\n\\t ]|\\\\{1,7}[rn]|%0[ad]){0,8}${unit}`;
}

function either(characters: string): string {
  return `(?:${[...characters].map((character) => escapable(character)).join('|')})`;
}

// Every repetition has a bound, so that the time for a text grows with its length alone.
const BACKSLASH = '(?:\\\\|%(?:25){0,3}5c)';
const ESCAPING = `${BACKSLASH}{1,15}`;
const AMPERSAND = '&(?:amp;){0,3}';
const ENTITIES: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
  '/': 'sol',
  '+': 'plus',
  '=': 'equals',
};

/** Backslashes of a value are doubled with each notation around it; a row of them is counted as one character. */
function charactersOf(value: string): Form {
  const pieces = value.match(/\\+|[^\\]/gu) ?? [];
  return pieces.map((piece, index) => {
    if (piece.startsWith('\\'))
      return `(?:${BACKSLASH}u005c|${BACKSLASH}x5c|${BACKSLASH}|${AMPERSAND}(?:#92|#x5c|bsol);){${piece.length},${piece.length * 16}}`;
    if (pieces[index - 1]?.startsWith('\\')) return afterBackslash(piece);
    // Of the backslashes before a value the last is enough; to look for more takes time at every row of them.
    return index === 0 ? escapable(piece, '\\\\') : escapable(piece);
  });
}

function escapable(character: string, escaping = ESCAPING): string {
  return `(?:${plain(character)}|${escaping}${afterBackslash(character)})`;
}

function afterBackslash(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at).toString(16));
  const inJson = units.map((unit) => `u${unit.padStart(4, '0')}`).join(ESCAPING);
  return `(?:${plain(character)}|${inJson}|u\\{0{0,4}${code}\\}|x${code.padStart(2, '0')})`;
}

/** As it is, with percent signs (once or several times over), or as an entity of HTML. */
function plain(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const percent = [...Buffer.from(character, 'utf8')]
    .map((byte) => `%(?:25){0,3}${byte.toString(16).padStart(2, '0')}`)
    .join('');
  const name = ENTITIES[character];
  const entity = `${AMPERSAND}(?:#0{0,5}${code}|#x0{0,5}${code.toString(16)}${name ? `|${name}` : ''});`;
  // The longer ones first, so that nothing of an escaped last character stays.
  return `(?:${percent}|${entity}|${character === ' ' ? '[ +]' : literal(character)})`;
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
}
