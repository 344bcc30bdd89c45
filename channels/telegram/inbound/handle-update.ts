import type { Message, Update } from '@grammyjs/types';
import { type ChatAddress, type Inbound, type Log, type Sender, StoreUnavailable } from '@reeve/core';
import { isPrivate, type Place } from '../chat-address.ts';
import type { Setup } from '../setup/setup.ts';
import { handleMessage, type MessageDeps, NotStored, placeOfMessage } from './handle-message.ts';
import { handleTap, type TapDeps } from './handle-tap.ts';
import { senderOf } from './message-content.ts';

/** Kinds of update that the bot asks for; others never come. */
export const WANTED_UPDATES = [
  'message',
  'edited_message',
  'callback_query',
  'stopped_message_generation',
] as const;

export interface UpdateDeps extends MessageDeps, TapDeps {
  readonly inbound: () => Inbound;
  readonly setup: Setup;
  /** Somebody who is known wrote: their chat can be reached. */
  readonly onHeard: (sender: Sender, place: Place) => Promise<void>;
  readonly draftChat: (draftId: number) => ChatAddress | null;
  readonly log: Log;
}

/**
 * Handles one update, or the parts of an album. Whoever is not known gets nothing: no task, no file read, no answer; only
 * while there is no owner does the pairing flow look at what they write.
 *
 * @throws {NotStored} or {StoreUnavailable} when it must be tried again.
 */
export async function handleUpdates(
  deps: UpdateDeps,
  updates: readonly [Update, ...Update[]],
  signal: AbortSignal,
): Promise<void> {
  const [first] = updates;
  if (first.callback_query) {
    const { from, message: tapped } = first.callback_query;
    if (tapped && deps.isKnown(senderOf(from)))
      await deps.onHeard(senderOf(from), { chatId: tapped.chat.id, threadId: null });
    return handleTap(deps, first.callback_query);
  }
  if (first.stopped_message_generation) return handleStop(deps, first);
  const [message, ...more] = updates.flatMap((update) => update.message ?? update.edited_message ?? []);
  if (!message?.from || message.from.is_bot || message.sender_chat) return;
  const sender = senderOf(message.from);
  const place = placeOfMessage(message);
  if (deps.isKnown(sender)) {
    await deps.onHeard(sender, place);
    await handleMessage(deps, [message, ...more], signal);
    if (isStart(message)) await deps.setup.greet(sender, place);
    return;
  }
  const isNewOwner = isPrivate(place) && (await deps.setup.meet(sender, message));
  // The code came behind a /start, or instead of one.
  if (isNewOwner) await handleUpdates(deps, [{ ...first, message: { ...message, text: '/start' } }], signal);
}

function isStart({ text = '' }: Message): boolean {
  return /^\/start(\s|@|$)/.test(text);
}

/**
 * The draft's own Stop button: ends the answer and nothing else, also when the answer was complete a moment before. The
 * chat is private, so its id is the person's.
 */
async function handleStop(deps: UpdateDeps, update: Update): Promise<void> {
  const stopped = update.stopped_message_generation;
  if (stopped?.chat.type !== 'private') return;
  const chat = deps.draftChat(stopped.draft_id);
  const sender = { externalId: String(stopped.chat.id), name: stopped.chat.first_name };
  if (!chat || !deps.isKnown(sender)) return;
  const accepted = await deps.inbound().receive({
    chat,
    updateId: `stop/${update.update_id}`,
    sender,
    text: '/cancel answer',
    attachments: [],
  });
  if (accepted.kind === 'refused' && accepted.failure.code === 'database-away')
    throw new NotStored(accepted.failure.code);
}

/** Whether trying again later may help. */
export function isPassing(error: unknown): boolean {
  return error instanceof NotStored || error instanceof StoreUnavailable;
}
