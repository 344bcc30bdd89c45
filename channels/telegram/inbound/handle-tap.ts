import type { CallbackQuery, Message } from '@grammyjs/types';
import {
  type CardAction,
  type DecisionRequest,
  type DecisionResult,
  failureText,
  type Inbound,
  type Sender,
  shorten,
} from '@reeve/core';
import { addressOf, type Place } from '../chat-address.ts';
import type { SignedData } from '../signed-data.ts';
import { NotStored, placeOfMessage } from './handle-message.ts';
import { senderOf } from './message-content.ts';

export interface TapDeps {
  readonly inbound: () => Inbound;
  readonly signed: SignedData;
  readonly isKnown: (sender: Sender) => boolean;
  /** Ends the button's waiting, with words that show for a moment. */
  readonly answer: (queryId: string, words: string | null, isAlert: boolean) => Promise<void>;
  /** Asks the person for words that go behind a command. */
  readonly askForWords: (place: Place, what: string, command: string, sender: Sender) => Promise<void>;
  readonly onHello: (sender: Sender, message: Message) => Promise<void>;
}

/** Telegram shows at most so many characters of an answer to a tap. */
const ANSWER_LIMIT = 190;
const TOO_OLD = 'This button does not count any more. /status shows what is open.';
const NOT_YOURS = 'Only people whom the owner has admitted can use these buttons.';

/**
 * Carries out what a button stands for. It counts when the message that it was tapped on shows it now, when we made it
 * for this chat, and when the person is known; whether they may is decided by the coordinator, as for typed commands.
 */
export async function handleTap(deps: TapDeps, query: CallbackQuery): Promise<void> {
  const sender = senderOf(query.from);
  if (!deps.isKnown(sender)) return deps.answer(query.id, NOT_YOURS, true);
  const { message, data = '' } = query;
  if (!message || message.date === 0 || !shows(message, data)) return deps.answer(query.id, TOO_OLD, true);
  const action = deps.signed.readButton(message.chat.id, data);
  if (!action) return deps.answer(query.id, TOO_OLD, true);
  if (action.kind === 'hello') {
    await deps.answer(query.id, null, false);
    return deps.onHello(sender, message);
  }
  const place = placeOfMessage(message);
  const { words, isAlert } = await act(deps, action, { query, sender, place });
  await deps.answer(query.id, words, isAlert);
}

type Tapped = Message & { date: number };

function shows(message: NonNullable<CallbackQuery['message']>, data: string): message is Tapped {
  const rows = 'reply_markup' in message ? (message.reply_markup?.inline_keyboard ?? []) : [];
  return rows.flat().some((button) => 'callback_data' in button && button.callback_data === data);
}

interface Tap {
  readonly query: CallbackQuery;
  readonly sender: Sender;
  readonly place: Place;
}

interface TapAnswer {
  readonly words: string | null;
  readonly isAlert: boolean;
}

async function act(deps: TapDeps, action: CardAction, tap: Tap): Promise<TapAnswer> {
  const { sender, place } = tap;
  switch (action.kind) {
    case 'approve':
      return decide(deps, tap, action.code, { kind: 'approve', scope: action.scope });
    case 'deny':
      return decide(deps, tap, action.code, { kind: 'deny', note: null });
    case 'happened':
      return decide(deps, tap, action.code, { kind: 'happened' });
    case 'cancel-task':
      return type(deps, tap, `/cancel ${action.task}`);
    case 'show-task':
      return type(deps, tap, `/why ${action.task}`);
    case 'choose':
      return choose(deps, tap, action);
    case 'note':
      await deps.askForWords(place, `your note for ${action.task}`, `/tell ${action.task}`, sender);
      return { words: null, isAlert: false };
    case 'edit':
      await deps.askForWords(place, 'what should be different', `/edit ${action.code}`, sender);
      return { words: null, isAlert: false };
    case 'deny-saying':
      await deps.askForWords(place, 'why not', `/deny ${action.code}`, sender);
      return { words: null, isAlert: false };
  }
}

async function decide(
  deps: TapDeps,
  { sender, place }: Tap,
  code: string,
  decision: DecisionRequest['decision'],
): Promise<TapAnswer> {
  return answerOf(await deps.inbound().decide({ code, decision, chat: addressOf(place), sender }));
}

function answerOf(decided: DecisionResult): TapAnswer {
  return decided.kind === 'decided'
    ? { words: shorten(decided.sentence, ANSWER_LIMIT), isAlert: false }
    : { words: shorten(failureText(decided.failure), ANSWER_LIMIT), isAlert: true };
}

/** An answer that a card offers; what it came to shows on the card, too. */
async function choose(
  deps: TapDeps,
  { sender, place }: Tap,
  { card, option }: Extract<CardAction, { kind: 'choose' }>,
): Promise<TapAnswer> {
  return answerOf(await deps.inbound().choose({ card, option, chat: addressOf(place), sender }));
}

/** The same as when the person had typed it; its answer comes as a message. */
async function type(deps: TapDeps, { query, sender, place }: Tap, text: string): Promise<TapAnswer> {
  const accepted = await deps.inbound().receive({
    chat: addressOf(place),
    updateId: `tap/${query.id}`,
    sender,
    text,
    attachments: [],
  });
  if (accepted.kind !== 'refused') return { words: null, isAlert: false };
  if (accepted.failure.code === 'database-away') throw new NotStored(accepted.failure.code);
  return { words: shorten(failureText(accepted.failure), ANSWER_LIMIT), isAlert: true };
}
