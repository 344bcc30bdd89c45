import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { checkStages, vitestStage } from './check-stages.ts';
import { describeStage, runStage, runStages, type StageResult } from './run-stage.ts';
import { listSourceFiles } from './source-files.ts';
import { addTotals, countSuite, type SuiteReport, suiteReportSchema, type Totals } from './test-totals.ts';

const isIntegration = (file: string) => file.endsWith('.integration.test.ts');
const isEndToEnd = (file: string) => file.endsWith('.e2e.test.ts');

/** The projects of `vitest.config.ts`, quickest first, and the files that belong to each. */
const suites = [
  {
    project: 'unit',
    owns: (file: string) => file.endsWith('.test.ts') && !isIntegration(file) && !isEndToEnd(file),
  },
  { project: 'integration', owns: isIntegration },
  { project: 'e2e', owns: isEndToEnd },
] as const;

function readReport(path: string): SuiteReport | undefined {
  try {
    return suiteReportSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    console.log(`no report of this suite: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function countStage({ name, passed }: StageResult): Totals {
  return passed
    ? { passed: 1, failed: 0, skipped: 0, remarks: [] }
    : { passed: 0, failed: 1, skipped: 0, remarks: [`failed   ${name}`] };
}

const reports = mkdtempSync(join(tmpdir(), 'reeve-test-'));
const files = listSourceFiles(process.cwd());
const totals: Totals[] = [];
const summary: string[] = [];

for (const result of await runStages(checkStages)) {
  totals.push(countStage(result));
  summary.push(describeStage(result));
}
for (const { project, owns } of suites) {
  const report = join(reports, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=./scripts/totals-reporter.ts', '--passWithNoTests'];
  const result = await runStage(vitestStage(project, reporters, { REEVE_SUITE_REPORT: report }), {
    echo: true,
  });
  totals.push(
    countSuite({
      name: result.name,
      report: readReport(report),
      exitedWell: result.passed,
      testFiles: files.filter(owns).length,
    }),
  );
  summary.push(describeStage(result));
}
rmSync(reports, { recursive: true });

const { passed, failed, skipped, remarks } = addTotals(totals);
for (const line of [...summary, ...remarks]) console.log(line);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
