import type { ShownEvent } from './api-types.ts';

/** One thing that is shown, at its place. */
export interface Entry {
  readonly position: number;
  readonly key: string;
  readonly event: ShownEvent;
}

/** By what a later event is known to be the same thing: a card's key, else its own id. */
export function entryKey(event: ShownEvent): string {
  return event.kind === 'card' ? `card ${event.key}` : `${event.kind} ${event.id}`;
}

/** What taking an entry in came to. */
export type Taken = 'added' | 'changed' | 'same' | 'beyond';

/**
 * The part of a conversation that is on the screen: a stretch of entries without gaps, ordered by position, and never
 * more than `most`, however long the conversation is.
 */
export interface ThreadWindow {
  readonly entries: () => readonly Entry[];
  /** Whether the stretch reaches the end of the conversation. */
  readonly isAtEnd: () => boolean;
  readonly hasOlder: () => boolean;
  /** Begins anew with a page. */
  reset(page: readonly Entry[], ends: { readonly hasOlder: boolean; readonly isAtEnd: boolean }): void;
  /** Adds an older page; what is too much goes at the end. */
  addOlder(page: readonly Entry[], hasMore: boolean): void;
  /** Adds a newer page; what is too much goes at the beginning. */
  addNewer(page: readonly Entry[], hasMore: boolean): void;
  /** Takes in what has just happened: `beyond` when it lies behind the end of the stretch. */
  take(entry: Entry): Taken;
  /** Drops the oldest that are too many. */
  trimOldest(): void;
}

export function createThreadWindow(most: number): ThreadWindow {
  let entries: Entry[] = [];
  let isAtEnd = true;
  let hasOlder = false;
  const isKnown = (key: string) => entries.some((entry) => entry.key === key);
  const unknown = (page: readonly Entry[]) => page.filter(({ key }) => !isKnown(key));
  const trimOldest = () => {
    if (entries.length <= most) return;
    entries = entries.slice(-most);
    hasOlder = true;
  };
  return {
    entries: () => entries,
    isAtEnd: () => isAtEnd,
    hasOlder: () => hasOlder,
    reset(page, ends) {
      entries = [...page];
      isAtEnd = ends.isAtEnd;
      hasOlder = ends.hasOlder;
    },
    addOlder(page, hasMore) {
      entries = [...unknown(page), ...entries];
      hasOlder = hasMore;
      if (entries.length > most) {
        entries = entries.slice(0, most);
        isAtEnd = false;
      }
    },
    addNewer(page, hasMore) {
      entries = [...entries, ...unknown(page)];
      isAtEnd = !hasMore;
      trimOldest();
    },
    take(entry) {
      const at = entries.findIndex(({ key }) => key === entry.key);
      const known = entries[at];
      if (known) {
        if (JSON.stringify(known.event) === JSON.stringify(entry.event)) return 'same';
        entries = entries.with(at, { ...entry, position: known.position });
        return 'changed';
      }
      if (!isAtEnd) return 'beyond';
      entries = [...entries, entry];
      return 'added';
    },
    trimOldest,
  };
}
