import type { ApiClient, PageFrom } from './api-client.ts';
import type { ApiEvent, CardEvent, PlacedEvent, ShownEvent } from './api-types.ts';
import type { EntryActions } from './entry-view.ts';
import { createGrowingAnswers, type GrowingAnswers } from './growing-answers.ts';
import { createThreadList, type ThreadList } from './thread-list.ts';
import { createThreadWindow, type Entry, entryKey, type ThreadWindow } from './thread-window.ts';

/** One conversation on the screen. */
export interface Thread {
  readonly conversation: string;
  /** Shows its end, or the place of a message; resolves with the number of the newest event. */
  open(around: number | null): Promise<number>;
  /** Takes in an event of this conversation. */
  take(event: ApiEvent, number: number | null): void;
  /** Counts a turn as being answered, until its answer comes. */
  expect(turnId: string): void;
  showEnd(): Promise<void>;
  /** Goes along when the end was in sight before the work and may not be after it. */
  followEnd(work: () => void): void;
  close(): void;
}

export interface ThreadElements {
  readonly scroller: HTMLElement;
  readonly list: HTMLElement;
  readonly growing: HTMLElement;
  readonly older: HTMLElement;
  readonly newer: HTMLElement;
  readonly jump: HTMLButtonElement;
  readonly welcome: HTMLElement;
}

export interface ThreadDeps {
  readonly client: Pick<ApiClient, 'timeline'>;
  readonly elements: ThreadElements;
  readonly actions: EntryActions;
  readonly now: () => Date;
  readonly announce: (words: string) => void;
  readonly complain: (error: unknown) => void;
}

const PAGE = 50;
/** Older entries than these leave the page; scrolling brings them back. */
const MOST = 200;
/** Nearer to the end than this, the view goes along with what is added. */
const NEAR_END_PX = 120;
/** A message that has waited longer for its answer is not being answered any more. */
const ANSWER_LIMIT_MS = 15 * 60 * 1000;

interface Room extends ThreadDeps {
  readonly conversation: string;
  readonly entries: ThreadWindow;
  readonly list: ThreadList;
  readonly growing: GrowingAnswers;
  readonly edges: IntersectionObserver;
  isLoading: boolean;
  isClosed: boolean;
  /** The end was in sight when the view was last scrolled. */
  isAtEnd: boolean;
}

/** Shows one conversation in the page's own elements, until it is closed. */
export function createThread(conversation: string, deps: ThreadDeps): Thread {
  const { elements } = deps;
  const room: Room = {
    ...deps,
    conversation,
    entries: createThreadWindow(MOST),
    list: createThreadList({ ...deps, list: elements.list }),
    growing: createGrowingAnswers({
      place: elements.growing,
      around: (work) => followEnd(room, () => drawAround(room, work)),
    }),
    edges: new IntersectionObserver((changes) => onEdges(room, changes), {
      root: elements.scroller,
      rootMargin: '600px 0px',
    }),
    isLoading: false,
    isClosed: false,
    isAtEnd: true,
  };
  const onScroll = () => {
    room.isAtEnd = isNearEnd(room);
    drawJump(room);
  };
  // The view gets narrower or lower: a panel opens, a keyboard comes up.
  const resizes = new ResizeObserver(() => {
    if (room.isAtEnd) toEnd(room);
  });
  resizes.observe(elements.scroller);
  elements.scroller.addEventListener('scroll', onScroll, { passive: true });
  return {
    conversation,
    open: (around) => open(room, around),
    expect: (turnId) => room.growing.expect(turnId),
    followEnd: (work) => followEnd(room, work),
    take(event, number) {
      if (event.kind === 'draft') room.growing.draft(event.turnId, event.text);
      else if (isShown(event) && number !== null) takeShown(room, event, number);
    },
    async showEnd() {
      if (room.entries.isAtEnd()) toEnd(room);
      else await open(room, null);
    },
    close() {
      room.isClosed = true;
      room.edges.disconnect();
      resizes.disconnect();
      elements.scroller.removeEventListener('scroll', onScroll);
    },
  };
}

async function open(room: Room, around: number | null): Promise<number> {
  const from = around === null ? null : { before: around + 1 };
  const page = await room.client.timeline(room.conversation, from, PAGE);
  if (room.isClosed) return page.newest;
  room.entries.reset(entriesOf(page.items), { hasOlder: page.hasMore, isAtEnd: around === null });
  draw(room);
  if (around === null) expectUnanswered(room);
  const found = room.entries.entries().find(({ position }) => position === around);
  const element = found && room.list.elementOf(found.key);
  if (element) {
    element.tabIndex = -1;
    element.scrollIntoView({ block: 'center' });
    element.focus();
  } else toEnd(room);
  drawJump(room);
  watchEdges(room);
  return page.newest;
}

/** After a reload: the newest words of the person are being answered when no answer to them is there. */
function expectUnanswered({ entries, growing, now }: Room): void {
  const events = entries.entries().map(({ event }) => event);
  for (const turn of events.flatMap(turnsOf)) growing.settle(turn);
  const said = events.findLast((event) => event.kind === 'said');
  if (said && now().getTime() - Date.parse(said.at) < ANSWER_LIMIT_MS) growing.expect(said.id);
}

function takeShown(room: Room, event: ShownEvent, number: number): void {
  followEnd(room, (isNearEnd) => {
    for (const turn of turnsOf(event)) room.growing.settle(turn);
    if (event.kind === 'said') room.growing.expect(event.id);
    const taken = room.entries.take({ position: number, key: entryKey(event), event });
    if (taken === 'added' && isNearEnd) room.entries.trimOldest();
    draw(room);
    if (taken === 'added' || taken === 'beyond') announceEntry(event, room.announce);
  });
}

/** Reads the page before the first entry, or after the last, and holds what is in sight where it is. */
async function loadMore(room: Room, side: 'older' | 'newer'): Promise<void> {
  const { entries, list, elements } = room;
  const edge = side === 'older' ? entries.entries()[0] : entries.entries().at(-1);
  const isWanted = side === 'older' ? entries.hasOlder() : !entries.isAtEnd();
  if (!edge || !isWanted || room.isLoading || room.isClosed) return;
  room.isLoading = true;
  try {
    const from: PageFrom = side === 'older' ? { before: edge.position } : { after: edge.position };
    const page = await room.client.timeline(room.conversation, from, PAGE);
    if (room.isClosed) return;
    const topOf = () => list.elementOf(edge.key)?.getBoundingClientRect().top ?? 0;
    const before = topOf();
    if (side === 'older') entries.addOlder(entriesOf(page.items), page.hasMore);
    else entries.addNewer(entriesOf(page.items), page.hasMore);
    draw(room);
    elements.scroller.scrollTop += topOf() - before;
  } catch (error) {
    room.complain(error);
  } finally {
    room.isLoading = false;
    watchEdges(room);
  }
}

function onEdges(room: Room, changes: readonly IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of changes)
    if (isIntersecting) void loadMore(room, target === room.elements.older ? 'older' : 'newer');
}

/** Anew, because an edge that stays in sight is told of once only. */
function watchEdges({ edges, elements, isClosed }: Room): void {
  edges.disconnect();
  if (isClosed) return;
  edges.observe(elements.older);
  edges.observe(elements.newer);
}

function draw(room: Room): void {
  drawAround(room, () => room.list.draw(room.entries.entries()));
}

function drawAround(room: Room, work: () => void): void {
  if (room.isClosed) return;
  work();
  const { welcome, list, growing } = room.elements;
  welcome.hidden = list.childElementCount > 0 || growing.childElementCount > 0;
  drawJump(room);
}

function drawJump(room: Room): void {
  room.elements.jump.hidden = isNearEnd(room) && room.entries.isAtEnd();
}

function followEnd(room: Room, work: (isNearEnd: boolean) => void): void {
  const wasNearEnd = isNearEnd(room) && room.entries.isAtEnd();
  work(wasNearEnd);
  if (wasNearEnd && !room.isClosed) toEnd(room);
}

function isNearEnd({ elements: { scroller } }: Room): boolean {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END_PX;
}

function toEnd({ elements: { scroller } }: Room): void {
  scroller.scrollTop = scroller.scrollHeight;
}

/** The turns that an event answers. */
function turnsOf(event: ShownEvent): readonly string[] {
  if (event.kind !== 'message') return [];
  const { about } = event;
  if (about.kind === 'turn') return [about.turnId, ...(about.also ?? [])];
  return about.kind === 'command' ? [about.turnId] : [];
}

function isShown(event: ApiEvent): event is ShownEvent {
  return event.kind === 'message' || event.kind === 'card' || event.kind === 'said';
}

function entriesOf(items: readonly PlacedEvent[]): Entry[] {
  return items.flatMap(({ position, event }) =>
    isShown(event) ? [{ position, key: entryKey(event), event }] : [],
  );
}

function announceEntry(event: ShownEvent, announce: (words: string) => void): void {
  if (event.kind === 'message') announce(`Reeve: ${withoutMarks(event.markdown).slice(0, 400)}`);
  else if (event.kind === 'card' && isAsking(event)) announce(`Question: ${event.card.title}`);
}

/** Markdown as it is read out: marks that come in pairs or begin a line go, a sign within a sum stays. */
function withoutMarks(markdown: string): string {
  return markdown
    .replace(/\*\*([^*\n]+)\*\*/g, '$1')
    .replace(/(`+)([^`\n]+)\1/g, '$2')
    .replace(/^\s*(?:#{1,6}|[-*>])\s+|^\s*```.*$/gm, '');
}

/** A question that waits, or a card that offers answers; what a task does is no news for the ear. */
function isAsking({ about, card }: CardEvent): boolean {
  if (about.kind === 'approval-card') return about.state === 'pending';
  return about.kind === 'notice' && card.blocks.some(({ kind }) => kind === 'actions');
}
