import { readConfig } from '../config.ts';
import { findRunning, homePaths, openHome } from '../home.ts';
import { createFileLog } from '../log.ts';
import { EXIT } from '../user-error.ts';
import { VERSION } from '../version.ts';
import { type Finding, runCheck } from './check.ts';
import { dataChecks } from './data-checks.ts';
import { machineChecks } from './machine-checks.ts';
import { modelChecks } from './model-checks.ts';
import { networkChecks } from './network-checks.ts';

const MARKS: Readonly<Record<Finding['state'], string>> = { ok: '✓', warning: '!', failed: '✗' };

/**
 * `reeve doctor`: looks at this machine, the stores and the models, and says for each finding what was observed, what
 * was expected and one fix. Exit code 1 when something failed; warnings do not count.
 */
export async function doctor(options: { json?: boolean }): Promise<number> {
  const { values: settings } = readConfig();
  await makeHome(settings.REEVE_HOME);
  const paths = homePaths(settings.REEVE_HOME);
  const log = createFileLog(paths.log, settings.REEVE_LOG_LEVEL);
  const findings: Finding[] = [];
  for (const check of [
    ...machineChecks(settings),
    ...dataChecks(settings, paths, log),
    ...modelChecks(settings),
    ...networkChecks(settings),
  ]) {
    const finding = await runCheck(check);
    findings.push(finding);
    if (!options.json) console.log(findingText(finding));
  }
  log.flush();
  const failed = findings.filter((finding) => finding.state === 'failed').length;
  if (options.json) console.log(JSON.stringify({ version: VERSION, ok: failed === 0, findings }, null, 2));
  else
    console.log(
      failed === 0
        ? '\nEverything that is needed works.'
        : `\n${failed} of ${findings.length} checks failed.`,
    );
  return failed === 0 ? EXIT.ok : EXIT.failed;
}

/** The checks need a home; one that runs already has it. */
async function makeHome(root: string): Promise<void> {
  if (await findRunning(root)) return;
  const home = await openHome(root);
  await home.release();
}

function findingText(finding: Finding): string {
  const line = `${MARKS[finding.state]} ${finding.title} (${finding.id}): ${finding.observed}`;
  return finding.fix === null ? line : `${line}\n    expected: ${finding.expected}\n    fix: ${finding.fix}`;
}
