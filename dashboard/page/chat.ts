import { type Address, readAddress, writeAddress } from './address.ts';
import { createAnnouncer } from './announcer.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiEvent, MeView } from './api-types.ts';
import { composerElements, threadElements } from './chat-elements.ts';
import { type Composer, createComposer } from './composer.ts';
import { type DialogDeps, openFiles, openRename, openSearch } from './dialogs.ts';
import { byId } from './dom.ts';
import { createEntryActions } from './entry-actions.ts';
import { type Connection, followEvents } from './event-follower.ts';
import { momentWords } from './figure-words.ts';
import { keepFollowing } from './following.ts';
import { SIGNED_OUT, showGate } from './gate.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createPendingView } from './pending-view.ts';
import { createRefresher } from './refresher.ts';
import { createRunView, type RunView } from './run-view.ts';
import { type Shell, watchShell } from './shell.ts';
import { createSidebar, type Sidebar } from './sidebar.ts';
import { toggleTheme } from './theme.ts';
import { createThread, type Thread, type ThreadElements } from './thread.ts';
import { drawWelcome } from './welcome.ts';

/** Beats come every 15 s; without any for this long the connection is taken for lost. */
const SILENCE_MS = 40_000;
const STATUS_PAUSE_MS = 400;
const RETRY_MS = 3000;

/** The page while somebody is signed in. */
interface Session {
  readonly client: ApiClient;
  readonly isOwner: boolean;
  readonly now: () => Date;
  readonly announce: (words: string) => void;
  readonly elements: ThreadElements;
  readonly banner: HTMLElement;
  readonly title: HTMLElement;
  readonly sidebar: Sidebar;
  readonly shell: Shell;
  readonly runView: RunView;
  readonly composer: Composer;
  readonly outbox: Outbox;
  readonly drawPending: () => void;
  readonly refreshStatus: () => void;
  address: Address;
  thread: Thread | null;
  /** The number of the newest event that was taken in. */
  newest: number;
}

/**
 * Puts the chat on the page and keeps it current until the page is left. Rejects when what it begins with cannot be
 * read, such as when this browser is not signed in.
 */
export async function startChat(client: ApiClient, address: Address): Promise<void> {
  const [conversations, me] = await Promise.all([client.conversations(), client.me()]);
  const session = createSession(client, me);
  // The owner's files are not a member's to see.
  session.sidebar.load(conversations);
  await go(session, address);
  keepFollowing((signal, pause) =>
    followEvents(
      {
        client,
        now: session.now,
        pause,
        random: Math.random,
        silenceMs: SILENCE_MS,
        onEvent: (event, number) => take(session, event, number),
        onConnection: (connection) => showConnection(session, connection),
        onStale: (newest) => beginAnew(session, newest),
      },
      session.newest,
      signal,
    ),
  );
  addEventListener('hashchange', () => {
    go(session, readAddress(location.hash)).catch((error: unknown) => complain(session, error));
  });
}

function createSession(client: ApiClient, me: MeView): Session {
  const now = () => new Date();
  const announce = createAnnouncer(byId('announcer', HTMLElement));
  const elements = threadElements();
  const pending = createPendingView(elements.growing);
  const drawPending = () => {
    const draw = () => pending.draw(outbox, session.address.conversation);
    if (session.thread) session.thread.followEnd(draw);
    else draw();
    if (!pending.isEmpty()) elements.welcome.hidden = true;
  };
  const outbox = createOutbox({
    client,
    storage: sessionStorage,
    onChange: drawPending,
    later: (work) => void setTimeout(work, RETRY_MS),
    onAccepted: (conversation, turnId) => {
      if (session.thread?.conversation === conversation) session.thread.expect(turnId);
    },
  });
  const sidebar = createSidebar({
    list: byId('conversations', HTMLElement),
    house: byId('house', HTMLElement),
    me,
    now,
    onToggleTheme: () => toggleTheme(document.documentElement, localStorage, systemIsDark()),
    onSignOut: () => void signOut(client),
  });
  const panel = byId('run', HTMLElement);
  const runView = createRunView({ panel, client, now, onClose: () => closeRun(session) });
  const send = (text: string, attachments: readonly string[]) => sendMessage(session, text, attachments);
  const session: Session = {
    client,
    isOwner: me.role === 'owner',
    now,
    announce,
    elements,
    banner: byId('banner', HTMLElement),
    title: byId('title', HTMLElement),
    sidebar,
    shell: createShell(() => session, sidebar, now),
    runView,
    composer: createComposer({
      elements: composerElements(),
      storage: sessionStorage,
      announce,
      onSend: send,
    }),
    outbox,
    drawPending,
    refreshStatus: createRefresher(STATUS_PAUSE_MS, () => readStatus(session)),
    address: { conversation: '', at: null, run: null },
    thread: null,
    newest: 0,
  };
  drawWelcome(elements.welcome, (text) => send(text, []));
  elements.jump.addEventListener('click', () => {
    showEnd(session);
    session.composer.focus();
  });
  return session;
}

function createShell(session: () => Session, sidebar: Sidebar, now: () => Date): Shell {
  const dialogs = (): DialogDeps => ({
    dialog: byId('dialog', HTMLDialogElement),
    client: session().client,
    now,
    titleOf: sidebar.titleOf,
  });
  const current = () => session().address.conversation;
  return watchShell({
    onNew() {
      const conversation = `chat-${crypto.randomUUID().slice(0, 8)}`;
      change(session(), { conversation, at: null, run: null });
    },
    onSearch: () => openSearch(dialogs()),
    onFiles: () => void openFiles(dialogs()),
    onRename: () => openRename(dialogs(), current(), sidebar.titleOf(current())),
    onEscape: () => session().address.run !== null && closeRun(session()),
    onQuestion: (task) => showQuestion(session(), task),
  });
}

/** The newest open question of this conversation; when there is none, the run of the task that asks elsewhere. */
function showQuestion(session: Session, task: string | null): void {
  const card = [...session.elements.list.querySelectorAll<HTMLElement>('.card.question')].at(-1);
  if (!card) {
    if (task !== null) change(session, { run: task });
    return;
  }
  card.scrollIntoView({ block: 'center' });
  card.focus();
}

function change(session: Session, patch: Partial<Address>): void {
  location.hash = writeAddress({ ...session.address, ...patch });
}

function closeRun(session: Session): void {
  change(session, { run: null });
  session.composer.focus();
}

function showEnd(session: Session): void {
  session.thread?.showEnd().catch((error: unknown) => complain(session, error));
}

function sendMessage(session: Session, text: string, attachments: readonly string[]): void {
  showEnd(session);
  session.outbox.add(session.address.conversation, { clientId: crypto.randomUUID(), text, attachments });
}

function complain({ banner }: Session, error: unknown): void {
  banner.textContent = error instanceof Error ? error.message : String(error);
  banner.hidden = false;
}

/** Shows what an address says. */
async function go(session: Session, wanted: Address): Promise<void> {
  const { address, sidebar } = session;
  const isSame = wanted.conversation === address.conversation && session.thread !== null;
  const isElsewhere = wanted.at !== null && wanted.at !== address.at;
  session.address = wanted;
  void session.runView.show(wanted.run);
  if (isSame && !isElsewhere) return;
  if (!isSame) {
    session.thread?.close();
    session.thread = createThread(wanted.conversation, {
      client: session.client,
      elements: session.elements,
      actions: createEntryActions({
        client: session.client,
        conversation: wanted.conversation,
        isOwner: session.isOwner,
        showRun: (run) => change(session, { run }),
      }),
      now: session.now,
      announce: session.announce,
      complain: (error) => complain(session, error),
    });
    session.composer.switchTo(wanted.conversation);
  }
  sidebar.show(wanted.conversation);
  session.title.textContent = sidebar.titleOf(wanted.conversation);
  session.shell.closeSidebar();
  session.newest = Math.max(session.newest, (await session.thread?.open(wanted.at)) ?? 0);
  session.drawPending();
  if (wanted.at === null) session.composer.focus();
  session.refreshStatus();
}

function take(session: Session, event: ApiEvent, number: number | null): void {
  if (event.kind === 'hello' || event.kind === 'stale') return;
  const { sidebar, thread, runView } = session;
  if (number !== null) session.newest = Math.max(session.newest, number);
  if (event.kind === 'renamed') sidebar.rename(event);
  else if (event.kind !== 'draft')
    sidebar.note(event.conversation, event.kind === 'said' ? event.text.slice(0, 80) : null);
  session.title.textContent = sidebar.titleOf(session.address.conversation);
  if (event.kind === 'said' && event.clientId !== null) session.outbox.drop(event.clientId);
  if (event.conversation === thread?.conversation) thread.take(event, number);
  if (event.kind !== 'card' && event.kind !== 'message') return;
  if ('taskId' in event.about && event.about.taskId !== null) runView.touch(event.about.taskId);
  session.refreshStatus();
}

function showConnection(session: Session, connection: Connection): void {
  const { banner } = session;
  switch (connection.kind) {
    case 'live':
      banner.hidden = true;
      session.outbox.wake();
      session.refreshStatus();
      break;
    case 'lost': {
      const since = momentWords(connection.since, session.now());
      banner.textContent = `Not connected since ${since}; trying again. What you write is kept, and sent then.`;
      banner.hidden = false;
      break;
    }
    case 'signed-out':
      showGate(document.body, 'Not signed in', SIGNED_OUT);
      break;
  }
}

/** The events that were followed are not this Reeve's: everything is read anew. */
function beginAnew(session: Session, newest: number): void {
  session.newest = newest;
  session.client
    .conversations()
    .then((conversations) => session.sidebar.load(conversations))
    .then(() => session.thread?.open(null))
    .catch((error: unknown) => complain(session, error));
}

async function readStatus({ client, sidebar, shell }: Session): Promise<void> {
  const status = await client.status();
  sidebar.drawHouse(status);
  shell.showQuestions(status.approvals);
}

async function signOut(client: ApiClient): Promise<void> {
  await client.logout();
  showGate(document.body, 'Signed out', SIGNED_OUT);
}

function systemIsDark(): boolean {
  return matchMedia('(prefers-color-scheme: dark)').matches;
}
