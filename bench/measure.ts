/** How many runs are thrown away first, and how many are kept. */
export interface SamplePlan {
  readonly warmUp: number;
  readonly samples: number;
}

/** Runs one after the other and returns what the kept runs measured. A run is told its number, from 0 on. */
export async function takeSamples(
  plan: SamplePlan,
  run: (index: number) => Promise<number>,
): Promise<number[]> {
  const kept: number[] = [];
  for (let index = 0; index < plan.warmUp + plan.samples; index += 1) {
    const measured = await run(index);
    if (index >= plan.warmUp) kept.push(measured);
  }
  return kept;
}

/**
 * The value that at least `fraction` of the samples do not exceed (nearest rank, without interpolation, so it is
 * always one that was measured).
 *
 * @throws {RangeError} when there are no samples.
 */
export function percentile(samples: readonly number[], fraction: number): number {
  const sorted = samples.toSorted((left, right) => left - right);
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil(fraction * sorted.length)));
  const value = sorted[rank - 1];
  if (value === undefined) throw new RangeError('there is no percentile of nothing');
  return value;
}

/** Milliseconds that `work` took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
