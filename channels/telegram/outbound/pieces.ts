import type { InlineKeyboardButton } from '@grammyjs/types';
import type { Desk, Outbound } from '@reeve/core';
import { messageIdOf, type Place } from '../chat-address.ts';
import { renderCard } from '../render/card-text.ts';
import { markdownText } from '../render/markdown-text.ts';
import type { RichText } from '../render/rich-text.ts';
import { splitRichText } from '../render/split-text.ts';
import type { SignedData } from '../signed-data.ts';
import type { Drafts } from './drafts.ts';
import { filesOfResult } from './result-files.ts';

export interface PieceDeps {
  readonly desk: () => Desk;
  readonly drafts: Pick<Drafts, 'close'>;
  readonly signed: Pick<SignedData, 'buttonData'>;
}

const LIMIT = 4096;

/** Longer answers come as a file, with their beginning shown. */
const MOST_PARTS = 4;

/** One message on its way: words with buttons, or a file. */
export type Piece =
  | {
      readonly kind: 'text';
      readonly body: RichText;
      readonly buttons: readonly InlineKeyboardButton[][];
      /** The message that it becomes; null for a new one. */
      readonly edits: number | null;
    }
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly caption: string;
      readonly content: () => Promise<FileContent>;
    };

type FileContent = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | FileProblem;

interface FileProblem {
  readonly kind: 'problem';
  readonly what: string;
}

/** The messages that an outbound becomes, in order. */
export async function piecesOf(deps: PieceDeps, outbound: Outbound, place: Place): Promise<Piece[]> {
  const { content, about } = outbound;
  const edits = outbound.edits === null ? null : messageIdOf(outbound.edits);
  if (content.kind === 'card') return cardPieces(deps, outbound, place, edits);
  const grown = about.kind === 'turn' ? await deps.drafts.close(about.turnId) : null;
  const pieces = textPieces(markdownText(content.markdown), grown);
  const files = about.kind === 'task-result' ? await filesOfResult(deps.desk(), about.taskId) : [];
  return [...pieces, ...files.map((path) => filePiece(deps, path))];
}

function cardPieces(deps: PieceDeps, outbound: Outbound, { chatId }: Place, edits: number | null): Piece[] {
  if (outbound.content.kind !== 'card') return [];
  const { card } = outbound.content;
  const { body, buttons } = renderCard(card, (action) => deps.signed.buttonData(chatId, action));
  const parts = splitRichText(body, LIMIT);
  const last = parts.pop();
  if (!last) return [];
  const final: Piece = { kind: 'text', body: last, buttons, edits };
  // What stands above the last part of a long card does not change, and neither do its files.
  if (edits !== null) return [final];
  const files = card.blocks.flatMap((block) => (block.kind === 'file' ? [filePiece(deps, block.path)] : []));
  return [...files, ...parts.map((body): Piece => ({ kind: 'text', body, buttons: [], edits: null })), final];
}

function textPieces(body: RichText, edits: number | null): Piece[] {
  const parts = splitRichText(body, LIMIT);
  if (parts.length === 0) parts.push({ text: '(An empty answer.)', entities: [] });
  const shown = parts.length > MOST_PARTS ? parts.slice(0, 1) : parts;
  const texts = shown.map(
    (part, index): Piece => ({ kind: 'text', body: part, buttons: [], edits: index === 0 ? edits : null }),
  );
  if (shown.length === parts.length) return texts;
  const note = { text: 'That was the beginning; all of it is in this file.', entities: [] };
  const content = async () => ({ kind: 'bytes', bytes: new TextEncoder().encode(body.text) }) as const;
  return [
    ...texts,
    { kind: 'text', body: note, buttons: [], edits: null },
    { kind: 'file', name: 'answer.txt', caption: '', content },
  ];
}

const REPEAT_NOTE = 'This may be a repeat: my first try may have reached you.\n\n';

/** The piece with the label before it; as two, each with the label, when it is too long for one. An edit repeats nothing. */
export function labelled(piece: Piece): Piece[] {
  if (piece.kind === 'file') return [{ ...piece, caption: REPEAT_NOTE.trimEnd() }];
  if (piece.edits !== null) return [piece];
  const note = { type: 'italic', offset: 0, length: REPEAT_NOTE.trimEnd().length } as const;
  const parts = splitRichText(piece.body, LIMIT - REPEAT_NOTE.length);
  return parts.map(({ text, entities }, index) => {
    const after = entities.map((entity) => ({ ...entity, offset: entity.offset + REPEAT_NOTE.length }));
    const body = { text: REPEAT_NOTE + text, entities: [note, ...after] };
    return { ...piece, body, buttons: index === parts.length - 1 ? piece.buttons : [] };
  });
}

function filePiece({ desk }: Pick<PieceDeps, 'desk'>, path: string): Piece {
  const name = path.split('/').at(-1) ?? path;
  const content = async (): Promise<FileContent> => {
    const opened = await desk().openFile(path);
    if (opened.kind === 'failed') return { kind: 'problem', what: 'it is not there any more' };
    const problem = sizeProblem(opened.value.entry.bytes);
    if (problem !== null) return { kind: 'problem', what: problem };
    const pieces: Uint8Array[] = [];
    for await (const piece of opened.value.content) pieces.push(piece);
    return { kind: 'bytes', bytes: Buffer.concat(pieces) };
  };
  return { kind: 'file', name, caption: '', content };
}

const MB = 1024 * 1024;

const MOST_UPLOAD = 50 * MB;

function sizeProblem(bytes: number): string | null {
  if (bytes === 0) return 'it is empty, and Telegram takes no empty files';
  if (bytes > MOST_UPLOAD)
    return `it has ${Math.ceil(bytes / MB)} MB, and Telegram takes up to 50 MB from a bot`;
  return null;
}
