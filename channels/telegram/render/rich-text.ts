import type { MessageEntity } from '@grammyjs/types';

/** How a piece of text looks. Inside code nothing else counts: Telegram nests nothing in it. */
export interface Marks {
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  readonly strikethrough?: boolean;
  readonly blockquote?: boolean;
  /** Where a link leads; http, https or tg. */
  readonly link?: string;
  readonly code?: boolean;
  /** A block of code and its language, which may be empty. */
  readonly pre?: string;
}

/** A piece of text that looks the same all through. */
export interface Run {
  readonly text: string;
  readonly marks: Marks;
}

/** What a message carries: Telegram's entities count in UTF-16 units, as JavaScript does. */
export interface RichText {
  readonly text: string;
  readonly entities: readonly MessageEntity[];
}

/**
 * Joins runs to a text with entities, without blanks round it. Entities cover no blanks at their ends, nest properly
 * because the marks of runs do, and never stand inside code.
 */
export function richTextOf(runs: readonly Run[]): RichText {
  const clean = runs
    .map(({ text, marks }) => ({ text: cleanText(text), marks: isCode(marks) ? codeMarks(marks) : marks }))
    .filter(({ text }) => text !== '');
  const text = clean.map((run) => run.text).join('');
  const entities = KINDS.flatMap((kind) => entitiesOf(clean, kind))
    .flatMap((entity) => withoutBlanks(text, entity))
    .sort((a, b) => a.offset - b.offset || b.length - a.length);
  return trimmed({ text, entities });
}

const KINDS = [
  'blockquote',
  'link',
  'bold',
  'italic',
  'underline',
  'strikethrough',
  'code',
  'pre',
] as const satisfies readonly (keyof Marks)[];

function isCode({ code, pre }: Marks): boolean {
  return code === true || pre !== undefined;
}

function codeMarks({ pre }: Marks): Marks {
  return pre === undefined ? { code: true } : { pre };
}

/** What the server would take out or change in silence is changed here, where offsets are not yet counted. */
function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|\u2028|\u2029/g, '\n')
    .replace(/[\u202A-\u202E]/g, '')
    .replace(/(?![\n\t])\p{Cc}/gu, ' ');
}

function entitiesOf(runs: readonly Run[], kind: (typeof KINDS)[number]): MessageEntity[] {
  const found: MessageEntity[] = [];
  let offset = 0;
  let open: { value: string | boolean; from: number } | null = null;
  const close = (end: number) => {
    if (open && end > open.from) found.push(entityOf(kind, open.value, open.from, end - open.from));
    open = null;
  };
  for (const { text, marks } of runs) {
    const value = marks[kind];
    if (open !== null && (open as { value: string | boolean }).value !== value) close(offset);
    if (open === null && value !== undefined && value !== false) open = { value, from: offset };
    offset += text.length;
  }
  close(offset);
  return found;
}

function entityOf(
  kind: (typeof KINDS)[number],
  value: string | boolean,
  offset: number,
  length: number,
): MessageEntity {
  switch (kind) {
    case 'link':
      return { type: 'text_link', url: String(value), offset, length };
    case 'pre':
      return { type: 'pre', offset, length, ...(value === '' ? {} : { language: String(value) }) };
    case 'blockquote':
    case 'bold':
    case 'italic':
    case 'underline':
    case 'strikethrough':
    case 'code':
      return { type: kind, offset, length };
  }
}

/** The entity without the blanks at its ends; none when nothing else is left. Code keeps its indentation. */
function withoutBlanks(text: string, entity: MessageEntity): MessageEntity[] {
  const covered = text.slice(entity.offset, entity.offset + entity.length);
  const lead = entity.type === 'pre' ? 0 : covered.length - covered.trimStart().length;
  const length = covered.trimEnd().length - lead;
  return length <= 0 ? [] : [{ ...entity, offset: entity.offset + lead, length }];
}

/** Stands before indented code that begins a message: the server would cut blanks off. It has no width. */
const ANCHOR = '\u2060';

/** The same without blanks at its beginning and end, offsets moved along. */
export function trimmed({ text, entities }: RichText): RichText {
  const body = text.trimEnd();
  const lead = body.length - body.trimStart().length;
  if (lead > 0 && entities.some(({ type, offset }) => isCodeType(type) && offset < lead)) {
    const skip = /^[^\S\n]*\n/.exec(body)?.[0].length ?? 0;
    return skip > 0
      ? trimmed(cut({ text: body, entities }, skip, body.length))
      : { text: ANCHOR + body, entities: within(entities, 0, body.length).map((entity) => moved(entity, 1)) };
  }
  return cut({ text, entities }, lead, body.length);
}

function isCodeType(type: string): boolean {
  return type === 'pre' || type === 'code';
}

function moved(entity: MessageEntity, by: number): MessageEntity {
  return { ...entity, offset: entity.offset + by };
}

/** The part between two offsets; entities that reach over its ends go on in it. */
export function cut({ text, entities }: RichText, from: number, to: number): RichText {
  return {
    text: text.slice(from, to),
    entities: within(entities, from, to)
      .map((entity) => moved(entity, -from))
      .flatMap((entity) => withoutBlanks(text.slice(from, to), entity)),
  };
}

function within(entities: readonly MessageEntity[], from: number, to: number): MessageEntity[] {
  return entities.flatMap((entity) => {
    const offset = Math.max(entity.offset, from);
    const length = Math.min(entity.offset + entity.length, to) - offset;
    return length > 0 ? [{ ...entity, offset, length }] : [];
  });
}
