import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import process from 'node:process';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import type { SuiteReport } from './test-totals.ts';

/**
 * Writes a `SuiteReport` to the file that REEVE_SUITE_REPORT names. Vitest's own JSON leaves out why a test was
 * skipped and the errors that belong to no test.
 */
export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const report: SuiteReport = {
      tests: modules.flatMap((module) => {
        const file = relative(process.cwd(), module.moduleId);
        return [...module.children.allTests()].map((test) => {
          const result = test.result();
          const note = result.state === 'skipped' ? result.note : undefined;
          return {
            name: `${file} > ${test.fullName}`,
            state: result.state,
            ...(note === undefined ? {} : { note }),
          };
        });
      }),
      brokenFiles: modules
        .filter((module) => module.state() !== 'skipped' && module.errors().length > 0)
        .map((module) => relative(process.cwd(), module.moduleId)),
      unhandledErrors: unhandledErrors.map((error) => error.message),
    };
    const path = process.env['REEVE_SUITE_REPORT'];
    if (path === undefined) throw new Error('REEVE_SUITE_REPORT does not name a file to write to');
    writeFileSync(path, JSON.stringify(report));
  }
}
