import type { MessageEntity } from '@grammyjs/types';
import { cut, type RichText, trimmed } from './rich-text.ts';

/** More than this many entities in a message are dropped by the server. */
const MOST_ENTITIES = 100;

/**
 * Splits a text into messages of at most `limit` UTF-16 units and a hundred entities. It cuts between paragraphs where it
 * can, else between lines, else between words, and goes through an entity only where that one is longer than half a
 * message (it then goes on in the next); graphemes stay whole unless one alone is longer than a message.
 */
export function splitRichText(whole: RichText, limit: number): RichText[] {
  const parts: RichText[] = [];
  let rest = trimmed(whole);
  // An anchor before indented code may lengthen a part by one.
  const room = limit - 1;
  while (rest.text.length > room || rest.entities.length > MOST_ENTITIES) {
    const at = cutPoint(rest, room);
    const part = trimmed(cut(rest, 0, at));
    if (part.text !== '') parts.push(part);
    const next = trimmed(cut(rest, at, rest.text.length));
    if (next.text.length >= rest.text.length) throw new Error('splitting a text made no progress');
    rest = next;
  }
  return rest.text === '' ? parts : [...parts, rest];
}

function cutPoint({ text, entities }: RichText, limit: number): number {
  const hundredth = entities[MOST_ENTITIES]?.offset ?? Number.POSITIVE_INFINITY;
  const most = Math.max(1, Math.min(limit, hundredth, text.length));
  const solid = entities.filter(({ length }) => length <= limit / 2);
  for (const isAllowed of [(at: number) => !isInside(solid, at), () => true]) {
    for (const gap of ['\n\n', '\n', ' ']) {
      const at = lastGap(text, gap, most, isAllowed);
      if (at > most / 3) return at;
    }
  }
  return lastGrapheme(text, most);
}

function isInside(entities: readonly MessageEntity[], at: number): boolean {
  return entities.some(({ offset, length }) => offset < at && at < offset + length);
}

/** Behind the last gap that ends by `most` and is allowed; 0 when there is none. */
function lastGap(text: string, gap: string, most: number, isAllowed: (at: number) => boolean): number {
  let at = text.lastIndexOf(gap, most - gap.length);
  while (at > 0 && !isAllowed(at + gap.length)) at = text.lastIndexOf(gap, at - 1);
  return at <= 0 ? 0 : at + gap.length;
}

function lastGrapheme(text: string, most: number): number {
  let last = 0;
  for (const { index, segment } of GRAPHEMES.segment(text.slice(0, most + LONGEST_USUAL_GRAPHEME))) {
    const end = index + segment.length;
    if (end > most) break;
    last = end;
  }
  if (last > 0) return last;
  const isMidPair = /^[\uDC00-\uDFFF]/.test(text.slice(most));
  return isMidPair && most > 1 ? most - 1 : most;
}

const LONGEST_USUAL_GRAPHEME = 64;
const GRAPHEMES = new Intl.Segmenter();
