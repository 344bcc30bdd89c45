import type { CapName, GatewayStore, Reservation, Settlement } from '@reeve/core';

/** A call as a test finds it counted. */
export type CountedCall = Reservation & Settlement;

/** The budget records in memory: counts everything, stops nothing unless told to. */
export interface MemoryBudget {
  readonly records: GatewayStore['budget'];
  readonly settled: CountedCall[];
  /** Reservations that were neither settled nor given back. */
  readonly standing: ReadonlyMap<string, Reservation>;
  /** Refuse from now on because of this cap; null for no longer. */
  refuseFor(cap: CapName | null): void;
}

export function createMemoryBudget(): MemoryBudget {
  const settled: CountedCall[] = [];
  const standing = new Map<string, Reservation>();
  let refusing: CapName | null = null;
  let reserved = 0;
  let refused = 0;
  return {
    settled,
    standing,
    refuseFor(cap) {
      refusing = cap;
      refused = 0;
    },
    records: {
      async reserve(reservation) {
        if (refusing) {
          refused += 1;
          return { kind: 'refused', cap: refusing, spent: { tokens: 9, micros: 0 }, isNews: refused === 1 };
        }
        reserved += 1;
        standing.set(String(reserved), reservation);
        return { kind: 'reserved', id: String(reserved) };
      },
      abandonOpen: async () => 0,
      async settle(id, settlement) {
        const reservation = standing.get(id);
        if (!reservation) return false;
        standing.delete(id);
        settled.push({ ...reservation, ...settlement });
        return true;
      },
      async release(id) {
        standing.delete(id);
      },
    },
  };
}
