import type { MessageEntity } from '@grammyjs/types';

/** Longest text of a message and of a caption, in UTF-16 units. */
export const TEXT_LIMIT = 4096;
export const CAPTION_LIMIT = 1024;
const MOST_ENTITIES = 100;

export type TextCheck =
  | { readonly kind: 'ok'; readonly text: string; readonly entities: readonly MessageEntity[] }
  | { readonly kind: 'refused'; readonly description: string };

/**
 * What Telegram says to a text and its entities, in its words. Where the real server would quietly repair (cut
 * entities that overlap, drop what stands inside code, trim blanks and so move everything) this one refuses, and says
 * so in words that begin with “peer:”, so that a test sees what a person would see differently from what was meant.
 */
export function checkText(
  text: string,
  entities: readonly MessageEntity[],
  limit: number,
  mayBeEmpty = false,
): TextCheck {
  if (!text.isWellFormed()) return refused('Bad Request: strings must be encoded in UTF-8');
  for (const entity of entities) {
    const problem = rangeProblem(text, entity);
    if (problem) return refused(`Bad Request: ${problem}`);
  }
  if (text.trim() === '' && !mayBeEmpty) return refused('Bad Request: message text is empty');
  if (text.length > limit)
    return refused(
      limit === CAPTION_LIMIT
        ? 'Bad Request: message caption is too long'
        : 'Bad Request: message is too long',
    );
  const repaired = repairProblem(text, entities);
  return repaired ? refused(`Bad Request: peer: ${repaired}`) : { kind: 'ok', text, entities };
}

function refused(description: string): TextCheck {
  return { kind: 'refused', description };
}

function rangeProblem(text: string, { offset, length }: MessageEntity): string | null {
  const name = `entity beginning at UTF-16 offset ${offset}`;
  if (!Number.isInteger(offset) || !Number.isInteger(length) || offset < 0 || length <= 0)
    return `${name} has a wrong offset or length`;
  if (offset >= text.length) return `${name} begins after the end of the text`;
  const end = offset + length;
  if (end > text.length) return `${name} ends after the end of the text at UTF-16 offset ${end}`;
  if (isInsidePair(text, offset)) return `${name} begins in a middle of a UTF-16 symbol`;
  if (isInsidePair(text, end)) return `${name} ends in a middle of a UTF-16 symbol`;
  return null;
}

function isInsidePair(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  return before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
}

/** Characters that the server takes out or turns into blanks, which would move every later entity. */
const CLEANED = /(?![\n\t\u007F-\u009F])[\p{Cc}\u2028-\u202E]/u;

function repairProblem(text: string, entities: readonly MessageEntity[]): string | null {
  if (CLEANED.test(text)) return 'the text holds control characters that the server changes';
  if (text !== text.trimEnd()) return 'the text ends with blanks that the server cuts off';
  if (/^\s/u.test(text)) return 'the text begins with blanks that the server cuts off';
  if (entities.length > MOST_ENTITIES)
    return `more than ${MOST_ENTITIES} entities; the server drops the rest`;
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const open: MessageEntity[] = [];
  for (const entity of sorted) {
    const end = entity.offset + entity.length;
    while (open.length > 0 && endOf(open.at(-1)) <= entity.offset) open.pop();
    const outer = open.at(-1);
    if (outer && endOf(outer) < end)
      return `entity ${entity.type} at ${entity.offset} overlaps ${outer.type}`;
    if (outer && (isCode(outer) || isCode(entity))) return `${entity.type} inside ${outer.type}`;
    if (open.some(({ type }) => type === entity.type)) return `${entity.type} inside ${entity.type}`;
    if (text.slice(entity.offset, end).trim() === '')
      return `${entity.type} at ${entity.offset} covers only blanks`;
    if (entity.type === 'text_link' && !URL.canParse(entity.url)) return 'a link has an address that is none';
    open.push(entity);
  }
  return null;
}

function endOf(entity: MessageEntity | undefined): number {
  return entity ? entity.offset + entity.length : 0;
}

function isCode({ type }: MessageEntity): boolean {
  return type === 'code' || type === 'pre';
}
