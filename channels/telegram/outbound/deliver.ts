import type { InlineKeyboardButton } from '@grammyjs/types';
import { type Clock, type Delivery, type Desk, isLive, type Log, type Outbound } from '@reeve/core';
import { InputFile } from 'grammy';
import { type BotApi, callFailure, deliveryOf } from '../bot-api.ts';
import { messageIdOf, messageKey, type Place, placeOf } from '../chat-address.ts';
import { renderCard } from '../render/card-text.ts';
import { markdownText } from '../render/markdown-text.ts';
import type { RichText } from '../render/rich-text.ts';
import { splitRichText } from '../render/split-text.ts';
import type { SignedData } from '../signed-data.ts';
import type { Drafts } from './drafts.ts';
import type { LostChats } from './lost-chats.ts';
import type { Narrator } from './narrator.ts';
import type { Pace } from './pace.ts';
import { filesOfResult } from './result-files.ts';

export interface DeliverDeps {
  readonly api: BotApi;
  readonly desk: () => Desk;
  readonly clock: Clock;
  readonly log: Log;
  readonly pace: Pace;
  readonly drafts: Drafts;
  readonly signed: SignedData;
  readonly lost: LostChats;
  readonly narrator: Narrator;
  /** Where a turn's first message is known, for what has no number of its own. */
  readonly messageOf: (turnId: string) => number | null;
}

const LIMIT = 4096;
/** Longer answers come as a file, with their beginning shown. */
const MOST_PARTS = 4;
/** Progress gives way when there is no room; what people wait for waits for its place. */
const LONGEST_WAIT_MS = 5000;
const MOST_UNFINISHED = 1000;
const MOST_EDIT_TRIES = 10;

/** One message on its way: words with buttons, or a file. */
type Piece =
  | {
      readonly kind: 'text';
      readonly body: RichText;
      readonly buttons: readonly InlineKeyboardButton[][];
      /** The message that it becomes; null for a new one. */
      readonly edits: number | null;
    }
  | { readonly kind: 'file'; readonly name: string; readonly content: () => Promise<Uint8Array | null> };

class NoRoom extends Error {
  readonly ms: number;
  constructor(ms: number) {
    super(`no message may go out for ${ms} ms`);
    this.ms = ms;
  }
}

/**
 * Delivers one outbound as one or several messages. When a later one fails, the next try goes on behind those that
 * arrived; whether a send whose answer was lost arrived is not known, and said so.
 */
export function createDeliver(deps: DeliverDeps): (outbound: Outbound) => Promise<Delivery> {
  /** How far an outbound has come, by its id. */
  const arrived = new Map<string, number[]>();
  /** How often it was not known what came of an edit, by the outbound's id. */
  const unclear = new Map<string, number>();
  return async (outbound) => {
    const place = placeOf(outbound.chat);
    if (deps.lost.has(place.chatId)) return { kind: 'refused', reason: LOST, retryAfterMs: null };
    if (isOvertaken(outbound)) return { kind: 'refused', reason: OVERTAKEN, retryAfterMs: null };
    const done = arrived.get(outbound.id) ?? [];
    try {
      const pieces = await piecesOf(deps, outbound, place);
      for (const piece of pieces.slice(done.length)) {
        await makeRoom(deps, outbound, place);
        done.push(await send(deps, outbound, place, piece, done.length === 0));
      }
      arrived.delete(outbound.id);
      unclear.delete(outbound.id);
      const last = done.at(-1);
      if (last !== undefined) deps.narrator.readOut(outbound, place, last);
      return last === undefined
        ? { kind: 'refused', reason: 'there was nothing to send', retryAfterMs: null }
        : { kind: 'sent', reference: messageKey(place.chatId, last) };
    } catch (error) {
      if (done.length > 0) remember(arrived, outbound.id, done);
      if (error instanceof NoRoom) return { kind: 'refused', reason: error.message, retryAfterMs: error.ms };
      remember(unclear, outbound.id, (unclear.get(outbound.id) ?? 0) + 1);
      return failed(deps, { outbound, place, tries: unclear.get(outbound.id) ?? 1 }, error);
    }
  };
}

const LOST = 'the chat cannot be reached';
const OVERTAKEN = 'the task ended before its card was shown';

/** The result has a message of its own; a card that nobody has seen would only say once more, and late, that it is done. */
function isOvertaken({ about, edits }: Outbound): boolean {
  return about.kind === 'task-card' && edits === null && !isLive(about);
}

interface Failed {
  readonly outbound: Outbound;
  readonly place: Place;
  readonly tries: number;
}

function failed({ log, lost }: DeliverDeps, { outbound, place, tries }: Failed, error: unknown): Delivery {
  const failure = callFailure(error);
  const isEdit = outbound.edits !== null;
  if (failure.kind === 'unchanged' && isEdit) return { kind: 'sent', reference: outbound.edits ?? '' };
  // An edit may be repeated: it changes nothing the second time. One that never goes through must not hold up the rest.
  if (failure.kind === 'ambiguous' && isEdit)
    return { kind: 'refused', reason: failure.reason, retryAfterMs: tries < MOST_EDIT_TRIES ? 1000 : null };
  if (failure.kind === 'refused')
    log.error({ outbox: outbound.id, reason: failure.reason }, 'Telegram refused a message');
  if (failure.kind === 'unreachable') {
    lost.add(place.chatId);
    log.info({ outbox: outbound.id, reason: failure.reason }, 'a chat cannot be reached any more');
  }
  return deliveryOf(failure);
}

async function makeRoom({ pace, clock }: DeliverDeps, outbound: Outbound, { chatId }: Place): Promise<void> {
  for (let waited = 0; ; ) {
    const isProgress = outbound.about.kind === 'task-card';
    const wait = pace.take(chatId, isProgress ? 'progress' : 'answer');
    if (wait === 0) return;
    if (isProgress || waited + wait > LONGEST_WAIT_MS) throw new NoRoom(wait);
    await clock.sleep(wait);
    waited += wait;
  }
}

async function piecesOf(deps: DeliverDeps, outbound: Outbound, place: Place): Promise<Piece[]> {
  const { content, about } = outbound;
  const edits = outbound.edits === null ? null : messageIdOf(outbound.edits);
  if (content.kind === 'card') return cardPieces(deps, outbound, place, edits);
  const grown = about.kind === 'turn' ? await deps.drafts.close(about.turnId) : null;
  const pieces = textPieces(labelled(markdownText(content.markdown), outbound), grown);
  const files = about.kind === 'task-result' ? await filesOfResult(deps.desk(), about.taskId) : [];
  return [...pieces, ...files.map((path) => filePiece(deps, path))];
}

function cardPieces(deps: DeliverDeps, outbound: Outbound, { chatId }: Place, edits: number | null): Piece[] {
  if (outbound.content.kind !== 'card') return [];
  const { card } = outbound.content;
  const { body, buttons } = renderCard(card, (action) => deps.signed.buttonData(chatId, action));
  const parts = splitRichText(labelled(body, outbound), LIMIT);
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
  const content = async () => new TextEncoder().encode(body.text);
  return [
    ...texts,
    { kind: 'text', body: note, buttons: [], edits: null },
    { kind: 'file', name: 'answer.txt', content },
  ];
}

const REPEAT_NOTE = 'This may be a repeat: my first try may have reached you.\n\n';

function labelled(body: RichText, { possibleDuplicate }: Outbound): RichText {
  if (!possibleDuplicate) return body;
  const note = { type: 'italic', offset: 0, length: REPEAT_NOTE.trimEnd().length } as const;
  const entities = body.entities.map((entity) => ({ ...entity, offset: entity.offset + REPEAT_NOTE.length }));
  return { text: REPEAT_NOTE + body.text, entities: [note, ...entities] };
}

function filePiece({ desk }: DeliverDeps, path: string): Piece {
  const name = path.split('/').at(-1) ?? path;
  const content = async () => {
    const opened = await desk().openFile(path);
    if (opened.kind === 'failed') return null;
    const pieces: Uint8Array[] = [];
    for await (const piece of opened.value.content) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  return { kind: 'file', name, content };
}

async function send(
  deps: DeliverDeps,
  outbound: Outbound,
  place: Place,
  piece: Piece,
  isFirst: boolean,
): Promise<number> {
  const { chatId, threadId } = place;
  const target = {
    ...(threadId === null ? {} : { message_thread_id: threadId }),
    ...(isFirst ? replyTo(deps, outbound) : {}),
  };
  if (piece.kind === 'file') return sendFile(deps, chatId, piece, target);
  const { text, entities } = piece.body;
  const settings = {
    entities: [...entities],
    link_preview_options: { is_disabled: true },
    reply_markup: { inline_keyboard: piece.buttons.map((row) => [...row]) },
  };
  if (piece.edits !== null) {
    await deps.api.sends.editMessageText(chatId, piece.edits, text, settings);
    return piece.edits;
  }
  return (await deps.api.sends.sendMessage(chatId, text, { ...settings, ...target })).message_id;
}

const MB = 1024 * 1024;
const MOST_UPLOAD = 50 * MB;
const MOST_PHOTO = 10 * MB;

async function sendFile(
  { api }: DeliverDeps,
  chatId: number,
  piece: Extract<Piece, { kind: 'file' }>,
  target: object,
): Promise<number> {
  const bytes = await piece.content();
  const problem = bytes === null ? 'it is not there any more' : sizeProblem(bytes.length);
  if (bytes === null || problem) {
    const words = `The file ${piece.name} could not be sent here: ${problem}. It is among your files all the same: /files`;
    return (await api.sends.sendMessage(chatId, words, target)).message_id;
  }
  const file = new InputFile(bytes, piece.name);
  if (/\.(png|jpe?g|webp)$/i.test(piece.name) && bytes.length <= MOST_PHOTO) {
    const photo = await api.uploads.sendPhoto(chatId, file, target).catch((error: unknown) => {
      // Telegram takes fewer pictures as photos than as files: too long, too thin, broken.
      if (callFailure(error).kind === 'refused') return null;
      throw error;
    });
    if (photo) return photo.message_id;
  }
  return (await api.uploads.sendDocument(chatId, new InputFile(bytes, piece.name), target)).message_id;
}

function sizeProblem(bytes: number): string | null {
  if (bytes === 0) return 'it is empty, and Telegram takes no empty files';
  if (bytes > MOST_UPLOAD)
    return `it has ${Math.ceil(bytes / MB)} MB, and Telegram takes up to 50 MB from a bot`;
  return null;
}

function replyTo({ messageOf }: DeliverDeps, { replyTo: key, about }: Outbound): object {
  const known = key === null ? null : messageIdOf(key);
  const message = known ?? ('turnId' in about ? messageOf(about.turnId) : null);
  return message === null
    ? {}
    : { reply_parameters: { message_id: message, allow_sending_without_reply: true } };
}

function remember<T>(known: Map<string, T>, id: string, value: T): void {
  known.set(id, value);
  const [oldest] = known.keys();
  if (known.size > MOST_UNFINISHED && oldest !== undefined) known.delete(oldest);
}
