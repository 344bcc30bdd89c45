import { z } from 'zod';

/** What one run of a vitest project reports; written by `totals-reporter.ts`. */
export const suiteReportSchema = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['passed', 'failed', 'skipped', 'pending']),
      note: z.string().optional(),
    }),
  ),
  /** Files with an error outside any test: an import that failed, a hook that threw. */
  brokenFiles: z.array(z.string()),
  unhandledErrors: z.array(z.string()),
});
export type SuiteReport = z.input<typeof suiteReportSchema>;

/** How many passed, failed and were skipped, and a line for each one that was not simply run and passed. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly remarks: readonly string[];
}

/**
 * Counts one suite. Whatever makes a run worthless counts as a failure: a file that could not be loaded, an error
 * outside any test, a program that ended badly without saying why, and no tests although there are test files.
 * `report` is undefined when the run wrote none.
 */
export function countSuite(suite: {
  readonly name: string;
  readonly report: SuiteReport | undefined;
  readonly exitedWell: boolean;
  readonly testFiles: number;
}): Totals {
  const { name, report, exitedWell, testFiles } = suite;
  const tests = report?.tests ?? [];
  const failures = [
    ...tests.filter(({ state }) => state === 'failed' || state === 'pending').map((test) => test.name),
    ...(report?.brokenFiles ?? []).map((file) => `${file}: an error outside its tests`),
    ...(report?.unhandledErrors ?? []).map((message) => `${name}: unhandled error: ${message}`),
  ];
  if (failures.length === 0 && !exitedWell) failures.push(`${name}: the run ended with an error`);
  if (failures.length === 0 && testFiles > 0 && tests.length === 0)
    failures.push(`${name}: no test ran, although there are ${testFiles} test files`);
  const skips = tests.filter(({ state }) => state === 'skipped');
  return {
    passed: tests.filter(({ state }) => state === 'passed').length,
    failed: failures.length,
    skipped: skips.length,
    remarks: [
      ...failures.map((failure) => `failed   ${failure}`),
      ...skips.map((test) => `skipped  ${test.name}: ${test.note ?? 'no reason given'}`),
    ],
  };
}

/** The sum of several counts, their remarks in order. */
export function addTotals(parts: readonly Totals[]): Totals {
  const sum = (pick: (part: Totals) => number) => parts.reduce((total, part) => total + pick(part), 0);
  return {
    passed: sum((part) => part.passed),
    failed: sum((part) => part.failed),
    skipped: sum((part) => part.skipped),
    remarks: parts.flatMap((part) => part.remarks),
  };
}
