import type { ChatAddress } from '@reeve/core';

export const CHANNEL = 'telegram';

/** A chat, or a topic of one. */
export interface Place {
  readonly chatId: number;
  readonly threadId: number | null;
}

/** `4711`, or `-100123:7` for a topic: each topic is a conversation. */
export function addressOf({ chatId, threadId }: Place): ChatAddress {
  return { channel: CHANNEL, externalId: threadId === null ? String(chatId) : `${chatId}:${threadId}` };
}

export function placeOf({ externalId }: Pick<ChatAddress, 'externalId'>): Place {
  const [chat = '', thread] = externalId.split(':');
  return { chatId: Number(chat), threadId: thread === undefined ? null : Number(thread) };
}

/** Groups have negative ids. */
export function isPrivate({ chatId }: Place): boolean {
  return chatId > 0;
}

/**
 * The id under which a message is stored: its chat and number, which stay the same however often its update comes, and
 * which say later what to reply to.
 */
export function messageKey(chatId: number, messageId: number): string {
  return `${chatId}/${messageId}`;
}

/** The number of the message that a key names; null when it names something else, such as a tap. */
export function messageIdOf(key: string): number | null {
  const [, id] = /^-?\d+\/(\d+)$/.exec(key) ?? [];
  return id === undefined ? null : Number(id);
}
