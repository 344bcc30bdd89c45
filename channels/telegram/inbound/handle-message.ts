import type { Message, User } from '@grammyjs/types';
import { type Accepted, type Desk, failureText, HEARD_NOTE, type Inbound, type Sender } from '@reeve/core';
import { addressOf, isPrivate, messageKey, type Place } from '../chat-address.ts';
import type { SignedData } from '../signed-data.ts';
import type { Fetched } from './fetch-file.ts';
import type { Ear } from './hear.ts';
import {
  addressedText,
  type Content,
  contentOf,
  forwardedFrom,
  isForOtherBot,
  type OfferedFile,
  senderOf,
} from './message-content.ts';

/** A message could not be stored for now; it is tried again. */
export class NotStored extends Error {}

export interface MessageDeps {
  readonly inbound: () => Inbound;
  readonly desk: () => Desk;
  readonly bot: () => User;
  readonly signed: SignedData;
  readonly fetchFile: (file: OfferedFile, sender: Sender, signal: AbortSignal) => Promise<Fetched>;
  readonly ear: Ear;
  /** Shows what was heard, quietly. */
  readonly tellHeard: (place: Place, text: string, replyTo: number) => Promise<void>;
  /** Tells a chat something that belongs to no turn: why a message came to nothing. */
  readonly tell: (place: Place, sentence: string, replyTo: number) => Promise<void>;
  /** Shows that a message arrived. */
  readonly acknowledge: (place: Place, messageId: number) => void;
  /** Remembers which message a turn answers. */
  readonly onTurn: (turnId: string, messageId: number) => void;
}

/**
 * Takes in what somebody who is known wrote, or an album as one message: files go to the owner's files, the words and
 * their names to the coordinator.
 *
 * @throws {NotStored} when the database is away.
 */
export async function handleMessage(
  deps: MessageDeps,
  parts: readonly [Message, ...Message[]],
  signal: AbortSignal,
): Promise<void> {
  const [first] = parts;
  const { from } = first;
  if (!from) return;
  const place = placeOfMessage(first);
  const contents = parts.map(contentOf);
  const said = wordsFor(deps, parts, contents, place);
  if (said === null) return;
  const unreadable = contents.find((content) => content.kind === 'unreadable');
  if (unreadable) return deps.tell(place, unreadableText(unreadable.what), first.message_id);
  const sender = senderOf(from);
  const messageId = first.message_id;
  const attachments = await takeFiles(deps, contents, { place, sender, messageId }, signal);
  const heard = await listen(deps, contents, { place, sender, messageId }, signal);
  const text = [said, heard ?? ''].filter((part) => part !== '').join('\n');
  if (text === '' && attachments.length === 0) return;
  const isHeard = heard !== null;
  const accepted = await receive(deps, { parts, place, sender, text, attachments, isHeard });
  await answerTo(deps, accepted, { place, messageId, text, isHeard });
  if (isHeard && accepted.kind === 'accepted') await deps.tellHeard(place, heard, messageId);
}

interface From {
  readonly place: Place;
  readonly sender: Sender;
  readonly messageId: number;
}

/** Stores the files that came along, and what is said in those that hold sound; their paths. */
async function takeFiles(
  deps: MessageDeps,
  contents: readonly Content[],
  { place, sender, messageId }: From,
  signal: AbortSignal,
): Promise<string[]> {
  const attachments: string[] = [];
  for (const content of contents) {
    const file = content.kind === 'words' ? content.file : null;
    if (!file) continue;
    const fetched = await deps.fetchFile(file, sender, signal);
    if (fetched.kind === 'failed') {
      await deps.tell(place, fetched.sentence, messageId);
      continue;
    }
    attachments.push(fetched.path);
    if (file.sound === undefined) continue;
    const sound = { path: fetched.path, type: file.sound };
    const { path, problem } = await deps.ear.transcribeFile(sound, sender, signal);
    if (path !== null) attachments.push(path);
    if (problem !== null) await deps.tell(place, problem, messageId);
  }
  return attachments;
}

/** The words of a voice or video note; null when there is none, or none that could be heard. */
async function listen(
  deps: MessageDeps,
  contents: readonly Content[],
  { place, sender, messageId }: From,
  signal: AbortSignal,
): Promise<string | null> {
  const note = contents.find((content) => content.kind === 'recording');
  if (!note) return null;
  deps.acknowledge(place, messageId);
  const heard = await deps.ear.hear(note.recording, sender, signal);
  if (heard.kind === 'heard') return heard.text;
  await deps.tell(place, heard.sentence, messageId);
  return null;
}

export function placeOfMessage({
  chat,
  message_thread_id: thread,
  is_topic_message: isTopic,
}: Message): Place {
  return { chatId: chat.id, threadId: isTopic === true && thread !== undefined ? thread : null };
}

/** What is said to the bot, all parts together; null when it is meant for others or is no message. */
function wordsFor(
  deps: MessageDeps,
  parts: readonly Message[],
  contents: readonly Content[],
  place: Place,
): string | null {
  if (contents.every(({ kind }) => kind === 'service')) return null;
  const texts = contents.map((content) => ('text' in content ? content.text : ''));
  if (isPrivate(place)) {
    if (parts.some((part) => isForOtherBot(part, deps.bot()))) return null;
    return texts.filter((text) => text !== '').join('\n');
  }
  const addressed = parts.map((part, index) => addressedText(part, texts[index] ?? '', deps.bot()));
  if (addressed.every((text) => text === null)) return null;
  return addressed.filter((text) => text !== null && text !== '').join('\n');
}

function receive(
  deps: MessageDeps,
  given: {
    parts: readonly [Message, ...Message[]];
    place: Place;
    sender: Sender;
    text: string;
    attachments: readonly string[];
    isHeard: boolean;
  },
): Promise<Accepted> {
  const { place, sender, attachments, isHeard } = given;
  const [first] = given.parts;
  const source = forwardedFrom(first);
  const command = promptedCommand(deps, first);
  const replied = repliedTo(first, place, deps.bot());
  return deps.inbound().receive({
    chat: addressOf(place),
    updateId: messageKey(place.chatId, first.message_id),
    sender,
    text: command === null ? given.text : `${command} ${given.text}${isHeard ? `\n\n${HEARD_NOTE}` : ''}`,
    attachments,
    ...(isHeard && command === null ? { isHeard } : {}),
    ...(source === null ? {} : { forwardedFrom: source }),
    ...(replied === null || command !== null ? {} : { replyTo: replied }),
  });
}

/** The command that a reply to our request for words belongs to; a command in its place stands for itself. */
function promptedCommand(
  deps: MessageDeps,
  { chat, text = '', reply_to_message: replied }: Message,
): string | null {
  if (replied?.from?.id !== deps.bot().id || text.startsWith('/')) return null;
  for (const entity of replied.entities ?? []) {
    if (entity.type !== 'text_link') continue;
    const command = deps.signed.readPrompt(chat.id, entity.url);
    if (command !== null) return command;
  }
  return null;
}

function repliedTo({ reply_to_message: replied }: Message, { chatId }: Place, bot: User): string | null {
  return replied?.from?.id === bot.id ? messageKey(chatId, replied.message_id) : null;
}

async function answerTo(
  deps: MessageDeps,
  accepted: Accepted,
  { place, messageId, text, isHeard }: { place: Place; messageId: number; text: string; isHeard: boolean },
): Promise<void> {
  if (accepted.kind === 'refused') {
    const { failure } = accepted;
    if (failure.code === 'database-away' || failure.code === 'disk-full') throw new NotStored(failure.code);
    if (failure.code === 'sender-unknown' || failure.code === 'taken-over') return;
    return deps.tell(place, failureText(failure), messageId);
  }
  deps.onTurn(accepted.turnId, messageId);
  if (accepted.kind === 'accepted' && !isHeard && !text.startsWith('/')) deps.acknowledge(place, messageId);
}

function unreadableText(what: string): string {
  return `I cannot read ${what}. Nothing was done. Type it, or send it as a file.`;
}
