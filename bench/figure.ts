import { percentile } from './measure.ts';

/** What a goal speaks about: the figure's own percentiles, or how far its median lies above the floor's. */
type Measured = 'p50' | 'p99' | 'p50 over floor';

/** A bound that a figure should keep. */
export interface Goal {
  readonly of: Measured;
  readonly limit: 'at-most' | 'at-least';
  readonly value: number;
}

/** The cheapest thing that could possibly do the same, measured in the same run. */
export interface Floor {
  readonly title: string;
  readonly samples: readonly number[];
}

/** One line of the report. */
export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly samples: number;
  readonly p50: number;
  /** Of times and sizes the 99th percentile, of rates the 1st: always the bad end. */
  readonly p99: number;
  readonly floor: { readonly title: string; readonly p50: number } | null;
  /** In words; null when the project has set none. */
  readonly goal: string | null;
  readonly met: boolean | null;
  /** What a reader must know to judge the number. */
  readonly note: string | null;
}

export interface Measurement {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly samples: readonly number[];
  /** Left out for times and sizes. */
  readonly isRate?: boolean;
  readonly floor?: Floor;
  readonly goals?: readonly Goal[];
  readonly note?: string;
}

/** Sums a measurement up and judges it by its goals. */
export function toFigure(measurement: Measurement): Figure {
  const { id, title, unit, samples, floor, goals = [], note } = measurement;
  const p50 = percentile(samples, 0.5);
  const p99 = percentile(samples, measurement.isRate === true ? 0.01 : 0.99);
  const floorP50 = floor === undefined ? null : percentile(floor.samples, 0.5);
  const values: Record<Measured, number> = { p50, p99, 'p50 over floor': p50 - (floorP50 ?? 0) };
  return {
    id,
    title,
    unit,
    samples: samples.length,
    p50,
    p99,
    floor: floor === undefined || floorP50 === null ? null : { title: floor.title, p50: floorP50 },
    goal: goals.length === 0 ? null : goals.map(describeGoal).join(', '),
    met: goals.length === 0 ? null : goals.every((goal) => keeps(goal, values[goal.of])),
    note: note ?? null,
  };
}

export function atMost(of: Measured, value: number): Goal {
  return { of, limit: 'at-most', value };
}

export function atLeast(of: Measured, value: number): Goal {
  return { of, limit: 'at-least', value };
}

function keeps(goal: Goal, value: number): boolean {
  return goal.limit === 'at-most' ? value <= goal.value : value >= goal.value;
}

function describeGoal({ of, limit, value }: Goal): string {
  return `${of} ${limit === 'at-most' ? '≤' : '≥'}${value.toLocaleString('en')}`;
}
