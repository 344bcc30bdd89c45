import type { InlineKeyboardButton } from '@grammyjs/types';
import { type Clock, type Delivery, type Desk, isLive, type Log, type Outbound } from '@reeve/core';
import { InputFile } from 'grammy';
import { type BotApi, type CallFailure, callFailure, deliveryOf } from '../bot-api.ts';
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

class NoRoom extends Error {
  readonly ms: number;
  constructor(ms: number) {
    super(`no message may go out for ${ms} ms`);
    this.ms = ms;
  }
}

/** How far an outbound has come. */
interface Progress {
  /** The messages that arrived, in order. */
  readonly done: number[];
  /** An earlier process may have sent all of it. */
  readonly isFromBefore: boolean;
  /** The piece of which it is not known whether it arrived. */
  unclear: number | null;
  /** How often it was not known what came of an edit. */
  unclearTries: number;
}

/**
 * Delivers one outbound as one or several messages. When a later one fails, the next try goes on behind those that
 * arrived; whether a send whose answer was lost arrived is not known, and said so. What is sent once more carries a label,
 * and only that.
 */
export function createDeliver(deps: DeliverDeps): (outbound: Outbound) => Promise<Delivery> {
  const underway = new Map<string, Progress>();
  /** Groups that went on as supergroups, under another number. */
  const moved = new Map<number, number>();
  async function deliver(outbound: Outbound): Promise<Delivery> {
    const { chatId, threadId } = placeOf(outbound.chat);
    const place = { chatId: moved.get(chatId) ?? chatId, threadId };
    if (deps.lost.has(place.chatId)) return { kind: 'refused', reason: LOST, retryAfterMs: null };
    if (isOvertaken(outbound)) return { kind: 'refused', reason: OVERTAKEN, retryAfterMs: null };
    const progress = underway.get(outbound.id) ?? begun(outbound);
    const sending = { piece: null as Piece | null };
    try {
      await sendAll(deps, { outbound, place, progress, sending });
    } catch (error) {
      remember(underway, outbound.id, progress);
      if (error instanceof NoRoom) return { kind: 'refused', reason: error.message, retryAfterMs: error.ms };
      const failure = callFailure(error);
      if (failure.kind === 'moved' && !moved.has(chatId)) {
        moved.set(chatId, failure.chatId);
        return deliver(outbound);
      }
      return failed(deps, { outbound, place, progress, piece: sending.piece }, failure);
    }
    underway.delete(outbound.id);
    const last = progress.done.at(-1);
    if (last === undefined)
      return { kind: 'refused', reason: 'there was nothing to send', retryAfterMs: null };
    deps.narrator.readOut(outbound, place, last);
    return { kind: 'sent', reference: messageKey(place.chatId, last) };
  }
  return deliver;
}

function begun({ possibleDuplicate }: Outbound): Progress {
  return { done: [], isFromBefore: possibleDuplicate, unclear: null, unclearTries: 0 };
}

/** Sends what has not arrived yet; `sending` says which piece it is that fails. */
async function sendAll(
  deps: DeliverDeps,
  given: { outbound: Outbound; place: Place; progress: Progress; sending: { piece: Piece | null } },
): Promise<void> {
  const { outbound, place, progress, sending } = given;
  const { done, isFromBefore, unclear } = progress;
  const pieces = await piecesOf(deps, outbound, place);
  for (const [index, piece] of pieces.entries()) {
    if (index < done.length) continue;
    const isRepeat = outbound.possibleDuplicate && (isFromBefore || index === unclear);
    let last: number | null = null;
    for (const part of isRepeat ? labelled(piece) : [piece]) {
      sending.piece = part;
      await makeRoom(deps, outbound, place);
      last = await send(deps, outbound, place, part, index === 0 && last === null);
    }
    if (last !== null) done.push(last);
  }
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
  readonly progress: Progress;
  readonly piece: Piece | null;
}

function failed(
  { log, lost }: DeliverDeps,
  { outbound, place, progress, piece }: Failed,
  failure: CallFailure,
): Delivery {
  const { reason } = failure;
  if (failure.kind === 'unchanged' && outbound.edits !== null)
    return { kind: 'sent', reference: outbound.edits };
  if (failure.kind === 'ambiguous') return unclear(outbound, progress, piece, reason);
  if (failure.kind === 'refused') log.error({ outbox: outbound.id, reason }, 'Telegram refused a message');
  if (failure.kind === 'unreachable') {
    lost.add(place.chatId);
    log.info({ outbox: outbound.id, reason }, 'a chat cannot be reached any more');
  }
  return deliveryOf(failure);
}

/** Each piece of which nobody knows whether it arrived is sent once more, however many there are. */
function unclear(outbound: Outbound, progress: Progress, piece: Piece | null, reason: string): Delivery {
  const isEdit = piece?.kind === 'text' && piece.edits !== null;
  progress.unclearTries += 1;
  // An edit may be repeated: it changes nothing the second time. A card that is never changed must not hold up the rest.
  const isEnough = outbound.edits !== null && progress.unclearTries >= MOST_EDIT_TRIES;
  if (isEdit) return { kind: 'refused', reason, retryAfterMs: isEnough ? null : 1000 };
  const isKnown = progress.isFromBefore || progress.unclear === progress.done.length;
  progress.unclear = progress.done.length;
  return outbound.possibleDuplicate && !isKnown
    ? { kind: 'refused', reason, retryAfterMs: 1000 }
    : { kind: 'unknown' };
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
  const pieces = textPieces(markdownText(content.markdown), grown);
  const files = about.kind === 'task-result' ? await filesOfResult(deps.desk(), about.taskId) : [];
  return [...pieces, ...files.map((path) => filePiece(deps, path))];
}

function cardPieces(deps: DeliverDeps, outbound: Outbound, { chatId }: Place, edits: number | null): Piece[] {
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
function labelled(piece: Piece): Piece[] {
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

function filePiece({ desk }: DeliverDeps, path: string): Piece {
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
    const isCard = outbound.edits !== null;
    const edited = await deps.api.sends
      .editMessageText(chatId, piece.edits, text, settings)
      .catch((error: unknown) => (isCard ? Promise.reject(error) : grownEdit(error)));
    if (edited !== 'gone') return piece.edits;
  }
  return (await deps.api.sends.sendMessage(chatId, text, { ...settings, ...target })).message_id;
}

/** An answer that has grown in its message to the end needs no change; when somebody deleted that message, it needs a new one. */
function grownEdit(error: unknown): 'same' | 'gone' {
  const { kind } = callFailure(error);
  if (kind === 'unchanged') return 'same';
  if (kind === 'refused') return 'gone';
  throw error;
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
  const content = await piece.content();
  if (content.kind === 'problem') {
    const words = `The file ${piece.name} could not be sent here: ${content.what}. It is among your files all the same: /files`;
    return (await api.sends.sendMessage(chatId, words, target)).message_id;
  }
  const { bytes } = content;
  const more = piece.caption === '' ? target : { ...target, caption: piece.caption };
  const file = new InputFile(bytes, piece.name);
  if (/\.(png|jpe?g|webp)$/i.test(piece.name) && bytes.length <= MOST_PHOTO) {
    const photo = await api.uploads.sendPhoto(chatId, file, more).catch((error: unknown) => {
      // Telegram takes fewer pictures as photos than as files: too long, too thin, broken.
      if (callFailure(error).kind === 'refused') return null;
      throw error;
    });
    if (photo) return photo.message_id;
  }
  return (await api.uploads.sendDocument(chatId, new InputFile(bytes, piece.name), more)).message_id;
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
