import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CapState,
  costOf,
  endOfPeriod,
  modelPricesSchema,
  periodOf,
  priceOf,
  raiseFor,
  shortfallOf,
} from './budget.ts';

const PRICES = { big: { inputPerMillion: 1.25, outputPerMillion: 10 } };

function state(more: Partial<CapState> = {}): CapState {
  return { spent: { tokens: 0, micros: 0 }, added: { tokens: 0, micros: 0 }, raises: 0, ...more };
}

describe('what a call costs', () => {
  it.each([
    [1_000_000, 0, 1_250_000],
    [0, 1_000_000, 10_000_000],
    [1, 0, 2],
    [0, 0, 0],
  ])('%i tokens in and %i out cost %i micros, rounded up', (inputTokens, outputTokens, micros) => {
    expect(costOf(priceOf(PRICES, 'big'), { inputTokens, outputTokens })).toBe(micros);
  });

  it('is not known without a price', () => {
    expect(costOf(priceOf(PRICES, 'small'), { inputTokens: 1, outputTokens: 1 })).toBeNull();
    expect(priceOf(PRICES, 'toString')).toBeNull();
  });

  it('goes by the first name that has a price', () => {
    expect(priceOf(PRICES, 'small', 'big')).toBe(PRICES.big);
  });

  it.each([
    { big: { inputPerMillion: -1, outputPerMillion: 1 } },
    { big: { inputPerMillion: 1 } },
    { big: { inputPerMillion: Number.NaN, outputPerMillion: 1 } },
    { big: { inputPerMillion: 1, outputPerMillion: 1, currency: 'EUR' } },
    [],
    'free',
    null,
  ])('is not read from %j', (prices) => {
    expect(modelPricesSchema.safeParse(prices).success).toBe(false);
  });
});

describe('days and months', () => {
  it.each([
    ['2026-11-21T22:59:59.999Z', 'Europe/Berlin', '2026-11-21'],
    ['2026-11-21T23:00:00.000Z', 'Europe/Berlin', '2026-11-22'],
    ['2026-12-31T23:30:00.000Z', 'Europe/Berlin', '2027-01-01'],
    ['2026-11-01T05:00:00.000Z', 'America/Los_Angeles', '2026-10-31'],
    ['2028-02-29T12:00:00.000Z', 'UTC', '2028-02-29'],
  ])('%s in %s lies in %s', (at, timeZone, day) => {
    expect(periodOf(new Date(at), timeZone)).toEqual({ day, month: day.slice(0, 7) });
  });

  it.each([
    ['day', '2026-11-21T09:00:00Z', 'UTC', '2026-11-22T00:00:00.000Z'],
    ['month', '2026-11-21T09:00:00Z', 'UTC', '2026-12-01T00:00:00.000Z'],
    ['day of 25 hours', '2026-10-24T22:00:00Z', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
    ['day of 23 hours', '2026-03-28T23:00:00Z', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    ['month with such a day', '2026-10-01T00:00:00Z', 'Europe/Berlin', '2026-10-31T23:00:00.000Z'],
  ])('a %s ends when the next begins', (kind, at, timeZone, end) => {
    const period = kind.startsWith('day') ? 'day' : 'month';
    expect(endOfPeriod(period, new Date(at), timeZone).toISOString()).toBe(end);
  });

  it('always end after now, in the next one', () => {
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/Sao_Paulo',
      'Asia/Kathmandu',
      'Pacific/Apia',
    );
    const times = fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(zones, times, fc.constantFrom('day', 'month'), (zone, at, kind) => {
        const end = endOfPeriod(kind, at, zone);
        const before = new Date(end.getTime() - 1);
        expect(periodOf(before, zone)[kind]).toBe(periodOf(at, zone)[kind]);
        expect(periodOf(end, zone)[kind]).not.toBe(periodOf(at, zone)[kind]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what is missing under a cap', () => {
  const cap = { tokens: 1000, micros: 500 };

  it('is nothing while there is room, to the last token', () => {
    const spent = { tokens: 900, micros: 400 };
    expect(shortfallOf(cap, state({ spent }), { tokens: 100, micros: 100 })).toBeNull();
    expect(shortfallOf(cap, state({ spent }), { tokens: 101, micros: 102 })).toEqual({
      tokens: 1,
      micros: 2,
    });
  });

  it('counts what people added', () => {
    const spent = { tokens: 1000, micros: 0 };
    const added = { tokens: 50, micros: 0 };
    expect(shortfallOf(cap, state({ spent, added }), { tokens: 50, micros: 0 })).toBeNull();
  });

  it('is no money for a model without a price, and nothing where there is no cap', () => {
    const spent = { tokens: 0, micros: 9999 };
    expect(shortfallOf(cap, state({ spent }), { tokens: 1, micros: null })).toBeNull();
    expect(
      shortfallOf({ tokens: null, micros: null }, state({ spent }), { tokens: 9e9, micros: 9e9 }),
    ).toBeNull();
  });

  it.each([
    [
      { tokens: 2_000_000, micros: 0 },
      { tokens: 7, micros: 0 },
      { tokens: 1_000_000, micros: 0 },
    ],
    [
      { tokens: 10_000, micros: 0 },
      { tokens: 7001, micros: 0 },
      { tokens: 8000, micros: 0 },
    ],
    [
      { tokens: 10_000, micros: 2_000_000 },
      { tokens: 0, micros: 1 },
      { tokens: 0, micros: 1_000_000 },
    ],
    [
      { tokens: 10_000, micros: 10_000 },
      { tokens: 1, micros: 12_345 },
      { tokens: 5000, micros: 20_000 },
    ],
  ])('a cap of %j that lacks %j is offered %j more', (limit, missing, added) => {
    expect(raiseFor(limit, missing)).toEqual(added);
  });

  it('is always covered by the raise that is offered', () => {
    const amount = fc.integer({ min: 0, max: 1_000_000_000 });
    fc.assert(
      fc.property(fc.array(amount, { minLength: 6, maxLength: 6 }), (drawn) => {
        const [tokens = 0, micros = 0, spentTokens = 0, spentMicros = 0, needTokens = 0, needMicros = 0] =
          drawn;
        const limit = { tokens, micros };
        const stands = state({ spent: { tokens: spentTokens, micros: spentMicros } });
        const needed = { tokens: needTokens, micros: needMicros };
        const missing = shortfallOf(limit, stands, needed);
        if (missing)
          expect(shortfallOf(limit, { ...stands, added: raiseFor(limit, missing) }, needed)).toBeNull();
      }),
    );
  });
});
