import type { ApiClient, MessageView } from './api-client.ts';
import { type ChatView, messageLines } from './chat-view.ts';
import type { NumberedEvent } from './event-follower.ts';
import type { Style } from './style.ts';
import { visibleWords } from './visible-words.ts';
import { wrapLine } from './wrap-text.ts';

/** Messages of the past that are shown when the chat opens. */
const SHOWN_MESSAGES = 6;
/** Events of the past that are looked through for running tasks and open questions. */
const RECALLED_EVENTS = 500;
/** A message that was stored is delivered within this time; what comes later is another with the same words. */
const OVERLAP_MS = 2000;

export interface ConversationStart {
  /** The last messages, then the questions that wait for an answer. */
  readonly lines: readonly string[];
  /** The event to go on after. */
  readonly newest: number;
  /** True for an event that says what `lines` shows already. */
  isKnown(event: NumberedEvent): boolean;
}

/** Brings a chat up to date when it opens: what was said last, what runs, what waits. */
export async function recallConversation(deps: {
  client: ApiClient;
  conversation: string;
  view: ChatView;
  style: Style;
  width: number;
  signal: AbortSignal;
}): Promise<ConversationStart> {
  const { client, conversation, view, style, width, signal } = deps;
  const newest = await readNewest(deps);
  const messages = await client.listMessages(conversation, SHOWN_MESSAGES);
  const fetchedAt = Date.now();
  const questions = new Set((await client.pendingApprovals()).map((approval) => approval.code));
  const live = await client.status();
  const running = new Set(
    [...live.running, ...live.waiting, ...live.queued, ...live.paused].map((task) => task.id),
  );
  if (questions.size + running.size > 0) {
    const after = Math.max(0, newest - RECALLED_EVENTS);
    for await (const { id, event } of client.events({ conversation, after, signal })) {
      if (id === null && event.kind !== 'hello') continue;
      if (id !== null && id > newest) break;
      if (event.kind === 'card' && isOpen(event.about, questions, running)) view.recall(event);
      if (id === newest) break;
    }
  }
  const said = new Set(messages.map((message) => message.text));
  const lines = [
    ...messages.flatMap((message) => pastLines(message, width, style)),
    ...view.openQuestions(width),
  ];
  return {
    lines,
    newest,
    isKnown: ({ event }) =>
      event.kind === 'message' && said.has(event.markdown) && Date.parse(event.at) <= fetchedAt + OVERLAP_MS,
  };
}
