import { z } from 'zod';
import { dateFormats } from './date-formats.ts';
import type { TaskId } from './ids.ts';
import type { ModelRole } from './model.ts';

/** What a cap bounds: one task, one day or one month of the owner's time zone. */
export const CAP_KINDS = ['task', 'day', 'month'] as const;
export type CapKind = (typeof CAP_KINDS)[number];

/**
 * Tokens and money. Money is counted in micros, millionths of a US dollar: a price in dollars per million tokens is
 * then the price of one token.
 */
export interface Amount {
  readonly tokens: number;
  readonly micros: number;
}

/** A ceiling; null where there is none. */
export interface Cap {
  readonly tokens: number | null;
  readonly micros: number | null;
}

/** One cap in particular: a task's id, a day such as `2026-11-21`, a month such as `2026-11`. */
export interface CapName {
  readonly kind: CapKind;
  readonly of: string;
}

export const MICROS_PER_DOLLAR = 1_000_000;
const price = z.number().min(0).max(10_000);

/** Prices in US dollars by model, as the provider or the settings name the model. */
export const modelPricesSchema = z.record(
  z.string().min(1).max(200),
  z.strictObject({ inputPerMillion: price, outputPerMillion: price }),
);
export type ModelPrices = Readonly<z.output<typeof modelPricesSchema>>;
export type ModelPrice = ModelPrices[string];

/** What the settings say of money: the caps before anybody added to them, and what models cost. */
export interface BudgetPlan {
  readonly caps: Readonly<Record<CapKind, Cap>>;
  readonly prices: ModelPrices;
  /** IANA name; days and months begin in it. */
  readonly timeZone: string;
}

const NO_CAP: Cap = { tokens: null, micros: null };
/** A plan that counts and stops nothing. */
export const UNCAPPED: BudgetPlan = {
  caps: { task: NO_CAP, day: NO_CAP, month: NO_CAP },
  prices: {},
  timeZone: 'UTC',
};

/** The price of the first of these names that has one; null when none has. */
export function priceOf(prices: ModelPrices, ...names: readonly string[]): ModelPrice | null {
  for (const name of names) if (Object.hasOwn(prices, name)) return prices[name] ?? null;
  return null;
}

/** What a call costs in micros, rounded up; null without a price. */
export function costOf(
  price: ModelPrice | null,
  tokens: { readonly inputTokens: number; readonly outputTokens: number },
): number | null {
  if (price === null) return null;
  return Math.ceil(tokens.inputTokens * price.inputPerMillion + tokens.outputTokens * price.outputPerMillion);
}

const dayFormat = dateFormats('en', {
  calendar: 'gregory',
  numberingSystem: 'latn',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/** The day and the month in which a moment lies, in the owner's time zone. */
export function periodOf(at: Date, timeZone: string): { readonly day: string; readonly month: string } {
  const parts = Object.fromEntries(
    dayFormat(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const month = `${parts['year']}-${parts['month']}`;
  return { day: `${month}-${parts['day']}`, month };
}

const HOUR_MS = 60 * 60 * 1000;
/** Past the end of the longest day (25 h) and month (31 days and an hour). */
const LONGEST_HOURS = { day: 26, month: 32 * 24 } as const;

/** The first moment, to the millisecond, of the day or month after the one in which `at` lies; days differ in length. */
export function endOfPeriod(kind: 'day' | 'month', at: Date, timeZone: string): Date {
  const current = periodOf(at, timeZone)[kind];
  let inside = at.getTime();
  let after = inside + LONGEST_HOURS[kind] * HOUR_MS;
  while (after - inside > 1) {
    const middle = Math.floor((inside + after) / 2);
    if (periodOf(new Date(middle), timeZone)[kind] === current) inside = middle;
    else after = middle;
  }
  return new Date(after);
}

/** A model call's claim on the budget, made before the call at the most that it may come to. */
export interface Reservation {
  readonly task: TaskId | null;
  readonly role: ModelRole;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Null when the model has no price. */
  readonly micros: number | null;
  readonly day: string;
  readonly month: string;
  readonly at: Date;
  /** What the call may come to beyond that, at the most; nothing unless given. Calls beside it leave room for it. */
  readonly slack?: Amount;
}

export type ReservationReply =
  | { readonly kind: 'reserved'; readonly id: string }
  /** Nothing was reserved: calls under way may need what is left. When one of them ends there may be room. */
  | { readonly kind: 'held' }
  /** Nothing was reserved. `isNews` unless the same was refused to the same asker, at the same cap, before. */
  | { readonly kind: 'refused'; readonly cap: CapName; readonly spent: Amount; readonly isNews: boolean };

/** What a reserved call really came to. */
export interface Settlement {
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly estimated: boolean;
  readonly micros: number | null;
  readonly at: Date;
}

/** Where a cap stands. Reservations that were never settled (a crash) count as spent. */
export interface CapState {
  readonly spent: Amount;
  /** What people added to the cap of the settings, in so many raises. */
  readonly added: Amount;
  readonly raises: number;
}

/** The newest call that was refused to somebody: which cap stood in the way, and how much it would have needed. */
export interface Refusal {
  readonly cap: CapName;
  readonly needed: { readonly tokens: number; readonly micros: number | null };
}

/** The gateway reserves, settles and gives back; the coordinator raises caps; both read. */
export interface BudgetRecords {
  /** Reserves under every cap or under none. One at a time: parallel callers cannot pass a cap together. */
  reserve(reservation: Reservation, caps: BudgetPlan['caps']): Promise<ReservationReply>;
  /** Says that calls begun so far are over, whatever they came to: nothing of what they reserved comes back. */
  abandonOpen(): Promise<number>;
  /** Replaces a reservation by what the call came to, as a record of usage; false when it stands no more. */
  settle(id: string, settlement: Settlement): Promise<boolean>;
  /** Gives a reservation back: nothing was used. */
  release(id: string): Promise<void>;
  state(cap: CapName): Promise<CapState>;
  raise(cap: CapName, by: Amount): Promise<void>;
  /** Of a task, or of the coordinator's own turns. */
  refusalOf(asker: TaskId | 'coordinator'): Promise<Refusal | null>;
}

/** What is missing under a cap for a call that needs this much; null when there is room. */
export function shortfallOf(cap: Cap, state: CapState, needed: Refusal['needed']): Amount | null {
  const missing = (limit: number | null, added: number, spent: number, need: number) =>
    limit === null ? 0 : Math.max(0, spent + need - limit - added);
  const tokens = missing(cap.tokens, state.added.tokens, state.spent.tokens, needed.tokens);
  const micros =
    needed.micros === null ? 0 : missing(cap.micros, state.added.micros, state.spent.micros, needed.micros);
  return tokens === 0 && micros === 0 ? null : { tokens, micros };
}

const CENT_MICROS = 10_000;

/**
 * What to offer to add when this much is missing: half of the cap once more, or the missing part when that is more,
 * rounded up to whole thousands of tokens and whole cents; only where something is missing.
 */
export function raiseFor(cap: Cap, missing: Amount): Amount {
  const half = (limit: number | null, lacks: number, unit: number) =>
    lacks === 0 ? 0 : Math.ceil(Math.max((limit ?? 0) / 2, lacks) / unit) * unit;
  return {
    tokens: half(cap.tokens, missing.tokens, 1000),
    micros: half(cap.micros, missing.micros, CENT_MICROS),
  };
}

/** The tool under which the owner is asked to raise a cap. No worker may call it, and no grant stands for it. */
export const BUDGET_TOOL = 'budget.add';

/** What a card to raise a cap shows and, once approved, does: the cap, what it is and was used, what is added. */
export const raiseArgumentsSchema = z.strictObject({
  cap: z.enum(CAP_KINDS),
  of: z.string(),
  addTokens: z.number().int().min(0),
  addMicros: z.number().int().min(0),
  capTokens: z.number().int().nullable(),
  capMicros: z.number().int().nullable(),
  spentTokens: z.number().int(),
  spentMicros: z.number().int(),
});
export type RaiseArguments = z.output<typeof raiseArgumentsSchema>;
