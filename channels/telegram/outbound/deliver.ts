import { type Clock, type Delivery, isLive, type Log, type Outbound } from '@reeve/core';
import { type CallFailure, callFailure, deliveryOf } from '../bot-api.ts';
import { messageKey, type Place, placeOf } from '../chat-address.ts';
import type { LostChats } from './lost-chats.ts';
import type { Narrator } from './narrator.ts';
import type { Pace } from './pace.ts';
import { labelled, type Piece, type PieceDeps, piecesOf } from './pieces.ts';
import { type SendDeps, sendPiece } from './send-piece.ts';

export interface DeliverDeps extends PieceDeps, SendDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly pace: Pace;
  readonly lost: LostChats;
  readonly narrator: Narrator;
}

/** Progress gives way when there is no room; what people wait for waits for its place. */
const LONGEST_WAIT_MS = 5000;
const MOST_UNFINISHED = 1000;
const MOST_EDIT_TRIES = 10;

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
      last = await sendPiece(deps, outbound, place, part, index === 0 && last === null);
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

function remember<T>(known: Map<string, T>, id: string, value: T): void {
  known.set(id, value);
  const [oldest] = known.keys();
  if (known.size > MOST_UNFINISHED && oldest !== undefined) known.delete(oldest);
}
