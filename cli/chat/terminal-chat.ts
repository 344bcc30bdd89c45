import { randomUUID } from 'node:crypto';
import { emitKeypressEvents } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import { type ApiClient, createApiClient } from './api-client.ts';
import { ApiProblem, ApiUnreachable } from './api-error.ts';
import { readAttachLine } from './attach-line.ts';
import { type ChatView, createChatView } from './chat-view.ts';
import { ownLines, recallConversation } from './conversation-start.ts';
import type { NumberedEvent } from './event-follower.ts';
import { layOutInput } from './input-area.ts';
import { type EditedLine, EMPTY_LINE, type Key, type KeyEffect, markPaste, pressKey } from './line-editor.ts';
import { createScreen, type Screen, type ScreenOutput } from './screen.ts';
import { createStyle, type Style } from './style.ts';
import { createTaskClock } from './task-clock.ts';
import { wrapLine } from './wrap-text.ts';

export type ChatInput = Readable & { setRawMode?(raw: boolean): unknown };

export interface TerminalChatOptions {
  readonly url: string;
  readonly token: string;
  readonly conversation: string;
  readonly colour: boolean;
  readonly input: ChatInput;
  readonly output: ScreenOutput;
  /** Reads a file of this machine, for `/attach`. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** Ends the chat from outside, and gives the terminal back as it was. */
  readonly signal?: AbortSignal;
}

const LEAVE_WINDOW_MS = 2000;
/** Between two drawings of the live part, in milliseconds. */
const DRAW_INTERVAL_MS = 40;
/** Times in the live part go on second by second. */
const TICK_MS = 1000;
const INPUT_ROWS = 8;
const PASTE_ON = '\u001b[?2004h';
const PASTE_OFF = '\u001b[?2004l';

/**
 * The chat in a terminal, as a client of the local API. Returns when the person leaves (Ctrl-C twice, Ctrl-D, /quit),
 * the input ends or the signal aborts. Rejects only for what cannot be mended by waiting, such as a refused token.
 */
export async function runTerminalChat(options: TerminalChatOptions): Promise<void> {
  const leaving = new AbortController();
  const signal = options.signal ? AbortSignal.any([leaving.signal, options.signal]) : leaving.signal;
  const style = createStyle(options.colour);
  const client = createApiClient(options);
  const session: Session = {
    client,
    readFile: options.readFile,
    conversation: options.conversation,
    view: createChatView(style, createTaskClock({ client, now: () => new Date() })),
    screen: createScreen(options.output),
    style,
    signal,
    leave: () => leaving.abort(),
    line: EMPTY_LINE,
    interruptedAt: Number.NEGATIVE_INFINITY,
    opened: Promise.withResolvers(),
    sending: Promise.resolve(),
    drawing: null,
  };
  const restore = takeTerminal(session, options);
  const ticking = setInterval(() => draw(session), TICK_MS);
  try {
    draw(session);
    await converse(session);
  } finally {
    leaving.abort();
    clearInterval(ticking);
    if (session.drawing) clearTimeout(session.drawing);
    session.screen.close();
    restore();
  }
}

interface Session {
  readonly client: ApiClient;
  readonly readFile: TerminalChatOptions['readFile'];
  readonly conversation: string;
  readonly view: ChatView;
  readonly screen: Screen;
  readonly style: Style;
  readonly signal: AbortSignal;
  readonly leave: () => void;
  line: EditedLine;
  /** When Ctrl-C was last pressed on an empty line, on the monotonic clock. */
  interruptedAt: number;
  /** Resolves once what was said before is on the screen. */
  readonly opened: PromiseWithResolvers<void>;
  /** The messages being sent, one after the other. */
  sending: Promise<void>;
  drawing: NodeJS.Timeout | null;
}

/** Raw keys, bracketed paste, resizes; returns what puts the terminal back. */
function takeTerminal(session: Session, { input, output }: TerminalChatOptions): () => void {
  const keys = new PassThrough();
  emitKeypressEvents(keys);
  const onData = (chunk: Buffer) => keys.write(markPaste(chunk.toString('latin1')), 'latin1');
  const onKey = (text: string | undefined, key: Key) => takeKey(session, pressKey(session.line, text, key));
  const onEnd = () => session.leave();
  const onResize = () => draw(session);
  keys.on('keypress', onKey);
  input.setRawMode?.(true);
  input.on('data', onData).on('end', onEnd).on('close', onEnd);
  output.on('resize', onResize).on('error', onEnd);
  output.write(PASTE_ON);
  return () => {
    input.off('data', onData).off('end', onEnd).off('close', onEnd);
    output.off('resize', onResize);
    keys.off('keypress', onKey).destroy();
    output.write(PASTE_OFF);
    output.off('error', onEnd);
    input.setRawMode?.(false);
    input.pause();
  };
}

async function converse(session: Session): Promise<void> {
  const { client, conversation, view, screen, style, signal } = session;
  const ended = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const reading = (async () => {
    const start = await recallConversation({
      client,
      conversation,
      view,
      style,
      width: screen.width(),
      now: () => new Date(),
      signal,
    });
    screen.print(start.lines);
    draw(session);
    session.opened.resolve();
    const events = client.events({ conversation, after: start.newest, signal });
    for await (const event of events) if (!start.isKnown(event)) show(session, event);
  })();
  await Promise.race([reading.catch(rethrowUnless(signal)), ended]);
}

function rethrowUnless(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}

function show(session: Session, { event }: NumberedEvent): void {
  const { view, screen, style } = session;
  if (event.kind === 'connection') {
    const isLost = event.state === 'lost';
    screen.print([style.bad(isLost ? 'Connection to Reeve lost; trying again.' : 'Connected again.')]);
    return;
  }
  const lines = view.apply(event, screen.width());
  screen.print(lines);
  if (lines.length === 0) drawSoon(session);
  else draw(session);
}

function drawSoon(session: Session): void {
  session.drawing ??= setTimeout(() => draw(session), DRAW_INTERVAL_MS);
}

function draw(session: Session): void {
  if (session.drawing) clearTimeout(session.drawing);
  session.drawing = null;
  if (session.signal.aborted) return;
  const { screen, view, line } = session;
  const area = layOutInput(line, screen.width(), INPUT_ROWS);
  screen.draw(view.live(screen.width(), screen.liveHeight()), area);
}

function takeKey(session: Session, { line, wish }: KeyEffect): void {
  const wasEmpty = session.line.before.length + session.line.after.length === 0;
  session.line = line;
  switch (wish?.kind) {
    case undefined:
      if (!wasEmpty) session.interruptedAt = Number.NEGATIVE_INFINITY;
      drawSoon(session);
      break;
    case 'send':
      send(session, wish.text);
      break;
    case 'interrupt':
      interrupt(session);
      break;
    case 'leave':
      session.leave();
      break;
    case 'redraw':
      session.screen.redraw();
  }
}

function interrupt(session: Session): void {
  const now = performance.now();
  if (now - session.interruptedAt <= LEAVE_WINDOW_MS) {
    session.leave();
    return;
  }
  session.interruptedAt = now;
  const hint = 'Ctrl-C once more leaves; so do Ctrl-D and /quit. Tasks are not cancelled.';
  session.screen.print([session.style.dim(hint)]);
}

function send(session: Session, text: string): void {
  if (/^\s*\/(quit|exit)\s*$/i.test(text)) {
    session.leave();
    return;
  }
  drawSoon(session);
  // What is typed before the past is on the screen belongs below it.
  void session.opened.promise.then(() => {
    const { screen, style } = session;
    screen.print(ownLines(text, screen.width(), style));
    session.sending = session.sending.then(() => deliver(session, text));
  });
}

async function deliver(session: Session, text: string): Promise<void> {
  const { client, conversation, screen, style, view, signal } = session;
  try {
    const attached = await attach(session, text);
    const message = { conversation, ...attached, clientId: randomUUID() };
    view.expectAnswer((await client.sendMessage(message, signal)).turnId);
  } catch (error) {
    if (signal.aborted) return;
    screen.print(wrapLine(refusal(error), screen.width()).map(style.bad));
  }
  draw(session);
}

const UNREADABLE: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is none of that name'],
  ['EISDIR', 'it is a folder or a device; name one file'],
  ['EACCES', 'this account may not read it'],
  ['EFBIG', 'it is too large'],
]);

/** What a line says and brings along: `/attach` hands a file of this machine over first. */
async function attach(
  { client, readFile }: Session,
  text: string,
): Promise<{ text: string; attachments: string[] }> {
  const line = readAttachLine(text);
  if (!line) return { text, attachments: [] };
  const { path, words } = line;
  if (path === '')
    throw new FileUnreadable('Type /attach and a file of this machine: /attach report.pdf what does it say?');
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    const why = UNREADABLE.get(error.code ?? '') ?? error.message;
    throw new FileUnreadable(`${path} was not attached, and nothing was sent: ${why}.`);
  });
  const stored = await client.upload(path.split('/').at(-1) ?? path, bytes);
  return { text: words, attachments: [stored.path] };
}

/** A file that `/attach` names cannot be read; the message says what to do. */
class FileUnreadable extends Error {}

function refusal(error: unknown): string {
  if (error instanceof FileUnreadable) return error.message;
  if (error instanceof ApiProblem) return error.message;
  if (error instanceof ApiUnreachable)
    return 'Reeve cannot be reached. The message was not sent; arrow up brings it back.';
  throw error;
}
