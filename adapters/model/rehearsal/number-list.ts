import { COUNT, countOf } from './counting.ts';
import { readPath } from './quoting.ts';

const NUMBER_KINDS = [
  'primes',
  'squares',
  'cubes',
  'even numbers',
  'odd numbers',
  'Fibonacci numbers',
  'triangular numbers',
  'factorials',
  'powers of two',
  'numbers',
] as const;
export type NumberKind = (typeof NUMBER_KINDS)[number];

/** A list of numbers to compute: how many, or up to which value. */
export interface NumberList {
  readonly kind: NumberKind;
  readonly size: { readonly first: number } | { readonly upTo: number; readonly from: number };
  /** The CSV to make; null when none was asked for. */
  readonly file: string | null;
  readonly wants: readonly Statistic[];
}

export type Statistic = 'sum' | 'average' | 'largest' | 'list';

/** More than this takes a shell too long. */
export const MAX_LIST_SIZE = 10_000;

/** Each kind's words; `squares` before `numbers`, so that “square numbers” is the former. */
const KIND_WORDS: readonly (readonly [NumberKind, string])[] = [
  ['primes', 'primes?(?: numbers?)?'],
  ['squares', '(?:perfect )?squares?(?: numbers?)?'],
  ['cubes', '(?:perfect )?cubes?(?: numbers?)?'],
  ['even numbers', 'evens?(?: numbers?)?'],
  ['odd numbers', 'odds?(?: numbers?)?'],
  ['Fibonacci numbers', 'fibonacci(?: numbers?)?|fibonaccis'],
  ['triangular numbers', '(?:triangular|triangle)s?(?: numbers?)?'],
  ['factorials', 'factorials?(?: numbers?)?'],
  ['powers of two', 'powers of (?:two|2)'],
  ['numbers', '(?:natural |whole |counting |positive )*(?:numbers?|integers?)'],
];
const KIND = `(?<kind>${KIND_WORDS.map(([, words]) => words).join('|')})`;
const ADJECTIVES = '(?:positive |consecutive |whole |natural )*';

const SIZES: readonly RegExp[] = [
  new RegExp(`\\b(?:first|initial|smallest|next)\\s+(?<first>${COUNT})\\s+${ADJECTIVES}${KIND}\\b`, 'iu'),
  new RegExp(
    `\\b${KIND}\\s+(?:below|under|up to|until|through|less than|smaller than|to)\\s+(?<upTo>${COUNT})\\b`,
    'iu',
  ),
  new RegExp(
    `\\b${KIND}\\s+(?:from |between )?(?<from>${COUNT})\\s*(?:to|and|through|-|–)\\s*(?<upTo>${COUNT})\\b`,
    'iu',
  ),
  new RegExp(`(?<![\\w.])(?<first>${COUNT})\\s+${ADJECTIVES}(?!numbers?\\b|integers?\\b)${KIND}\\b`, 'iu'),
];
const BELOW = /\b(?:below|under|less than|smaller than)\b/i;

/** Reads a wish for numbers, such as “make a CSV of the first 20 primes and tell me their sum”; null when it is none. */
export function readNumberList(text: string): NumberList | null {
  const match = SIZES.map((pattern) => pattern.exec(text)).find((each) => each !== null);
  const kind = kindOf(match?.groups?.['kind'] ?? '');
  const size = match && sizeOf(match);
  if (!kind || !size) return null;
  const file = fileOf(text, kind);
  const statistics = (
    [
      ['sum', /\b(?:sum|total|add(?:ed)?|adds? up)\b/i],
      ['average', /\b(?:average|mean)\b/i],
      ['largest', /\b(?:largest|biggest|highest|last|greatest)\b/i],
    ] as const
  )
    .filter(([, words]) => words.test(text))
    .map(([statistic]) => statistic);
  const asksForThem =
    /\b(?:list|show|give|print|tell|what are|which are|make|create|write|generate|compute|calculate|find|save|store|put|produce|build)\b/i;
  if (statistics.length === 0 && file === null && !asksForThem.test(text)) return null;
  return { kind, size, file, wants: statistics.length === 0 && file === null ? ['list'] : statistics };
}

function kindOf(words: string): NumberKind | null {
  return KIND_WORDS.find(([, pattern]) => new RegExp(`^(?:${pattern})$`, 'iu').test(words))?.[0] ?? null;
}

function sizeOf(match: RegExpExecArray): NumberList['size'] | null {
  const { first, upTo, from } = match.groups ?? {};
  if (first !== undefined) {
    const count = countOf(first);
    return count === null ? null : { first: count };
  }
  const limit = countOf(upTo ?? '');
  const start = from === undefined ? 1 : countOf(from);
  if (limit === null || start === null) return null;
  return { upTo: BELOW.test(match[0]) ? limit - 1 : limit, from: start };
}

function fileOf(text: string, kind: NumberKind): string | null {
  const named =
    /\b(?:to|in|into|as|called|named|file)\s+(?<name>`[^`]+`|"[^"]+"|“[^”]+”|'[^']+'|[\w./-]+\.\w{1,8})/iu.exec(
      text,
    );
  const path = named?.groups ? readPath(named.groups['name'] ?? '') : { kind: 'none' as const };
  if (path.kind === 'path') return path.path;
  if (!/\b(?:csv|file|spreadsheet|table)\b/i.test(text)) return null;
  return `${kind.toLowerCase().replaceAll(' ', '-')}.csv`;
}

/** The list in words: `first 20 primes`, `primes from 1 to 100`. */
export function describeList({ kind, size }: NumberList): string {
  if ('first' in size) return size.first === 1 ? `first of the ${kind}` : `first ${size.first} ${kind}`;
  return `${kind} from ${size.from} to ${size.upTo}`;
}
