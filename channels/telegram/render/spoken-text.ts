import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

export interface SpokenText {
  /** Plain sentences; empty when there is nothing that can be said aloud. */
  readonly text: string;
  /** The end was left out, because it was long. */
  readonly isCut: boolean;
  /** Code, tables or addresses were left out. */
  readonly hasGaps: boolean;
}

/** Some minute and a half of speech. */
const MOST_CHARACTERS = 1200;

/**
 * An answer as it is read out: its sentences without marks, code, tables, pictures and addresses; of a long one the
 * beginning, up to the end of a sentence.
 */
export function spokenText(markdown: string): SpokenText {
  const root = fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const said = { hasGaps: false };
  const whole = wordsOf(root, said).replace(/\s+/g, ' ').trim();
  const text = beginningOf(whole);
  return { text, isCut: text.length < whole.length, hasGaps: said.hasGaps };
}

/** The blocks that end like a sentence, so that the voice pauses behind them. */
const SENTENCES: ReadonlySet<Nodes['type']> = new Set(['paragraph', 'heading']);

function wordsOf(node: Nodes, said: { hasGaps: boolean }): string {
  switch (node.type) {
    case 'text':
      return withoutSigns(node.value, said);
    case 'inlineCode':
      return withoutSigns(node.value, said);
    case 'break':
      return ' ';
    case 'code':
    case 'table':
    case 'image':
    case 'imageReference':
      said.hasGaps = true;
      return ' ';
    case 'html':
    case 'definition':
    case 'footnoteReference':
    case 'footnoteDefinition':
    case 'thematicBreak':
      return ' ';
    default: {
      if (!('children' in node)) return ' ';
      const joint = node.children.some(({ type }) => isInline(type)) ? '' : ' ';
      const words = node.children.map((child) => wordsOf(child, said)).join(joint);
      return SENTENCES.has(node.type) ? ended(words.trim()) : words;
    }
  }
}

const INLINE: ReadonlySet<Nodes['type']> = new Set([
  'text',
  'emphasis',
  'strong',
  'delete',
  'inlineCode',
  'link',
  'linkReference',
  'break',
]);

function isInline(type: Nodes['type']): boolean {
  return INLINE.has(type);
}

const ADDRESS = /\b(?:https?:\/\/|www\.)\S+|\b\S+@\S+\.\w+/gi;

/** Without addresses, which nobody can follow by ear, and without pictograms. */
function withoutSigns(text: string, said: { hasGaps: boolean }): string {
  const spoken = text.replace(ADDRESS, () => {
    said.hasGaps = true;
    return ' ';
  });
  return spoken.replace(PICTOGRAM, ' ');
}

/** © ® ™ are pictograms by name and words by ear. */
const PICTOGRAM =
  /(?:(?![©®™])\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\ufe0f|\u20e3)\u200d?/gu;

function ended(words: string): string {
  if (!/[\p{L}\p{N}]/u.test(words)) return '';
  return /[\p{P}]$/u.test(words) ? words : `${words}.`;
}

function beginningOf(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  let end = 0;
  for (const { index, segment } of new Intl.Segmenter(undefined, { granularity: 'sentence' }).segment(text)) {
    if (index + segment.trimEnd().length > MOST_CHARACTERS) break;
    end = index + segment.trimEnd().length;
  }
  if (end > 0) return text.slice(0, end);
  // One sentence that is longer than all: up to its last whole word.
  const space = text.lastIndexOf(' ', MOST_CHARACTERS);
  return text.slice(0, space > 0 ? space : MOST_CHARACTERS).toWellFormed();
}
