import {
  type About,
  type Clock,
  type DueDelivery,
  type HeldDelivery,
  isQuiet,
  type Log,
  type OutboxEntry,
  type Store,
} from '@reeve/core';
import type { Presence } from './presence.ts';
import type { LiveSettings } from './settings.ts';
import { URGENT } from './task-desk.ts';
import { createSignal } from './wake-signal.ts';
import { countText } from './wording.ts';

/** The owner's quiet hours: what nobody waits for is kept back, and comes when they are over. */
export interface QuietKeeper {
  /** True when a delivery is to be kept back now. */
  holds(due: DueDelivery): Promise<boolean>;
  /** Says that people, clock or settings may have changed what is kept back. */
  wake(): void;
  /** Lets go what need not wait any longer, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

const LOOK_MS = 30_000;
/** Who is seen has written a message; taking that up comes before a look at what was kept back. */
const AFTER_SEEN_MS = 100;
/** A question that lapses this soon breaks through. */
const EXPIRING_MS = 2 * 60 * 60_000;

interface QuietDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly live: () => Pick<LiveSettings, 'quietHours' | 'timeZone'>;
  readonly presence: Pick<Presence, 'isAwake'>;
  readonly newId: () => string;
  readonly log: Log;
  readonly onReleased: () => void;
}

/**
 * Kept back are new messages that nobody is there for: results, cards, questions. Never: answers to what a person wrote,
 * edits (they make no sound), whatever comes while the person is awake, questions about to lapse, and what belongs to an
 * urgent task. After the hours each conversation gets what was kept back, in order, and one line that counts it.
 */
export function createQuietKeeper(deps: QuietDeps): QuietKeeper {
  const { store, clock, log } = deps;
  const signal = createSignal();
  const isQuietNow = () => {
    const { quietHours, timeZone } = deps.live();
    return isQuiet(quietHours, clock.now(), timeZone);
  };

  async function mustWait({ about, conversationId }: Pick<HeldDelivery, 'about' | 'conversationId'>) {
    if (about.kind === 'turn' || about.kind === 'command') return false;
    if (await breaksThrough(deps, about)) return false;
    return !(await deps.presence.isAwake(conversationId));
  }

  async function release(): Promise<void> {
    const held = await store.outbox.held();
    if (held.length === 0) return;
    const isOver = !isQuietNow();
    const judged = await Promise.all(
      held.map(async (entry) => ({ entry, waits: !isOver && (await mustWait(entry)) })),
    );
    const released = judged.flatMap(({ entry, waits }) => (waits ? [] : [entry]));
    if (released.length === 0) return;
    const now = clock.now();
    await store.transaction(async (records) => {
      await records.outbox.release(
        released.map(({ id }) => id),
        now,
      );
      if (!isOver) return;
      for (const digest of digestsOf(released, deps.newId)) await records.outbox.add(digest, now);
    });
    deps.onReleased();
  }

  return {
    // What may have arrived has disturbed already.
    holds: async ({ entry, edits, mayHaveArrived }) =>
      isQuietNow() && edits === null && !mayHaveArrived && (await mustWait(entry)),
    wake: () => signal.raiseIn(clock, AFTER_SEEN_MS),
    async run(abort) {
      while (!abort.aborted) {
        await release().catch((error: unknown) => {
          if (!abort.aborted) log.warn({ err: error }, 'what was kept back is looked at again soon');
        });
        await signal.wait(clock, LOOK_MS, abort);
      }
    },
  };
}

async function breaksThrough({ store, clock }: QuietDeps, about: About): Promise<boolean> {
  if (about.kind === 'approval-card') {
    const approval = await store.approvals.get(about.code);
    if (approval && approval.expiresAt.getTime() - clock.now().getTime() < EXPIRING_MS) return true;
  }
  const id = 'taskId' in about ? about.taskId : null;
  return id !== null && (await store.tasks.get(id))?.priority === URGENT;
}

/** One line for each conversation in which more than one message was kept back. */
function digestsOf(released: readonly HeldDelivery[], newId: () => string): OutboxEntry[] {
  return [...Map.groupBy(released, ({ conversationId }) => conversationId)].flatMap(
    ([conversationId, entries]) => {
      const [first] = entries;
      const words = digestText(entries);
      if (!first || words === null) return [];
      return [
        {
          id: newId(),
          conversationId,
          chat: first.chat,
          content: { kind: 'text' as const, markdown: words },
          about: { kind: 'notice' as const },
          replyTo: null,
          urgency: 'answer' as const,
          cardKey: null,
        },
      ];
    },
  );
}

function digestText(entries: readonly HeldDelivery[]): string | null {
  const results = entries.filter(({ about }) => about.kind === 'task-result').length;
  const asked = entries.flatMap(({ about }) => (about.kind === 'approval-card' ? [about.code] : []));
  const questions = new Set(asked).size;
  if (results + questions < 2) return null;
  const parts = [
    ...(results > 0 ? [countText(results, 'result')] : []),
    ...(questions > 0 ? [countText(questions, 'question')] : []),
  ];
  return `Your quiet hours are over. Kept back until now, and above: ${parts.join(' and ')}. /status shows what waits for you.`;
}
