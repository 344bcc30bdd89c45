import { CoordinatorFenced, type Records, type Store, StoreUnavailable } from '@reeve/core';

export interface MortalStore {
  readonly store: Store;
  /** From here on nothing answers any more: as for a process that was killed. */
  die(): void;
  /** Dies at the first call after this many more transactions were committed; an acceptance counts as one. */
  dieAfter(transactions: number): void;
  /** Dies as soon as it has accepted something more. */
  dieOnceAccepted(): void;
  /** Ends what still waits for an answer of the dead, so that a test leaves nothing behind. */
  bury(): void;
  isDead(): boolean;
  /** The next times that a delivery is settled, the database is away. */
  loseSettles(times: number): void;
  /** Called before each transaction, acceptance and beginning of a turn; what it throws is what they throw. */
  disturb(disturbance: (() => void) | null): void;
}

/** A store that can die in the hands of its coordinator, to try what is left for the next one. */
export function createMortalStore(store: Store): MortalStore {
  let left = Number.POSITIVE_INFINITY;
  let isWaitingForWords = false;
  let disturbance: (() => void) | null = null;
  const { promise: silence, reject: endSilence } = Promise.withResolvers<never>();
  silence.catch(() => undefined);
  let settlesToLose = 0;
  const isDead = () => left <= 0;
  const mortalRecords = Object.fromEntries(
    Object.entries(store).map(([name, member]) => [
      name,
      typeof member === 'object' ? mortalMethods(member, isDead, silence) : member,
    ]),
  ) as unknown as Records;
  return {
    store: {
      ...store,
      ...mortalRecords,
      outbox: {
        ...mortalRecords.outbox,
        async markSent(...parameters) {
          if (settlesToLose > 0) {
            settlesToLose -= 1;
            throw new StoreUnavailable('away');
          }
          return mortalRecords.outbox.markSent(...parameters);
        },
      },
      inbox: {
        ...mortalRecords.inbox,
        async accept(...parameters) {
          disturbance?.();
          const result = await mortalRecords.inbox.accept(...parameters);
          left = isWaitingForWords ? 0 : left - 1;
          return isDead() ? silence : result;
        },
        async begin(conversationId) {
          disturbance?.();
          return mortalRecords.inbox.begin(conversationId);
        },
      },
      takeOver: (holder, at) => (isDead() ? silence : store.takeOver(holder, at)),
      async transaction(work) {
        if (isDead()) return silence;
        disturbance?.();
        const result = await store.transaction(work);
        left -= 1;
        return isDead() ? silence : result;
      },
    },
    isDead,
    loseSettles(times) {
      settlesToLose = times;
    },
    die() {
      left = 0;
    },
    bury: () => endSilence(new CoordinatorFenced(0, 0)),
    dieAfter(transactions) {
      left = transactions;
    },
    dieOnceAccepted() {
      isWaitingForWords = true;
    },
    disturb(next) {
      disturbance = next;
    },
  };
}

function mortalMethods(records: object, isDead: () => boolean, silence: Promise<never>): object {
  return Object.fromEntries(
    Object.entries(records).map(([name, method]) => [
      name,
      (...parameters: unknown[]) => (isDead() ? silence : method(...parameters)),
    ]),
  );
}
