import type { ApiClient, MessageView } from './api-client.ts';
import { type ChatView, messageLines, taskKey } from './chat-view.ts';
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

/** For somebody to whom nothing was ever said here. */
const INVITATION = 'Say what you want done, or type /start for a tour of two minutes.';

export interface ConversationStart {
  /** The last messages, then the questions that wait for an answer. */
  readonly lines: readonly string[];
  /** The event to go on after. */
  readonly newest: number;
  /** True for an event that says what `lines` shows already. */
  isKnown(event: NumberedEvent): boolean;
}

interface StartDeps {
  readonly client: ApiClient;
  readonly conversation: string;
  readonly view: ChatView;
  readonly style: Style;
  readonly width: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** Brings a chat up to date when it opens: what was said last, what runs, what waits for an answer. */
export async function recallConversation(deps: StartDeps): Promise<ConversationStart> {
  const { client, conversation, view, style, width } = deps;
  const newest = await readNewest(deps);
  const messages = await client.listMessages(conversation, SHOWN_MESSAGES);
  const said = new Set(messages.map((message) => message.text));
  const known = deps.now().getTime() + OVERLAP_MS;
  await recallCards(deps, newest);
  const past = [
    ...messages.flatMap((message) => pastLines(message, width, style)),
    ...view.openQuestions(width),
  ];
  return {
    lines: past.length === 0 && newest === 0 ? wrapLine(style.dim(INVITATION), width) : past,
    newest,
    isKnown: ({ event }) =>
      event.kind === 'message' && Date.parse(event.at) <= known && said.delete(event.markdown),
  };
}

/** The number of the newest event there is. */
async function readNewest({ client, signal }: StartDeps): Promise<number> {
  for await (const { event } of client.events({ conversation: null, after: null, signal }))
    if (event.kind === 'hello') return event.newest;
  return 0;
}

/** Reads the newest events again for the cards of what is still going on; nothing when nothing is. */
async function recallCards({ client, conversation, view, signal }: StartDeps, newest: number): Promise<void> {
  const open = await openKeys(client);
  const after = Math.max(0, newest - RECALLED_EVENTS);
  if (open.size === 0 || newest === 0) return;
  // Of all conversations: the last one's number is then sure to come.
  for await (const { id, event } of client.events({ conversation: null, after, signal })) {
    if (event.kind === 'card' && event.conversation === conversation && open.has(event.key))
      view.recall(event);
    if (id !== null && id >= newest) return;
  }
}

async function openKeys(client: ApiClient): Promise<ReadonlySet<string>> {
  const { running, waiting, queued, paused, approvals } = await client.status();
  const tasks = [...running, ...waiting, ...queued, ...paused];
  return new Set([
    ...tasks.map((task) => taskKey(task.id)),
    ...approvals.map((approval) => `approval:${approval.code}`),
  ]);
}

function pastLines({ role, text, attachments }: MessageView, width: number, style: Style): string[] {
  if (role === 'user') return ownLines([text, ...attachments].filter(Boolean).join('\n'), width, style);
  return messageLines({ markdown: text, possibleDuplicate: false }, width, style);
}

/** What the person said, as lines that stay. */
export function ownLines(text: string, width: number, style: Style): string[] {
  const [first = '', ...rest] = visibleWords(text)
    .replaceAll('\t', '    ')
    .split('\n')
    .flatMap((line) => wrapLine(line, width - 2));
  return ['', `${style.accent('›')} ${first}`, ...rest.map((line) => `  ${line}`)];
}
