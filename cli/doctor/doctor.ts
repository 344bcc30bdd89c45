import { readConfig } from '../config.ts';
import { homePaths } from '../home.ts';
import { createFileLog } from '../log.ts';
import type { Settings } from '../settings.ts';
import { EXIT, HomeUnusable, UserError } from '../user-error.ts';
import { VERSION } from '../version.ts';
import { type Check, type Finding, runCheck } from './check.ts';
import { dataChecks } from './data-checks.ts';
import { homeCheck, homeChecks } from './home-checks.ts';
import { machineChecks } from './machine-checks.ts';
import { modelChecks } from './model-checks.ts';
import { networkChecks } from './network-checks.ts';
import { speechChecks } from './speech-checks.ts';
import { telegramChecks } from './telegram-checks.ts';

const MARKS: Readonly<Record<Finding['state'], string>> = { ok: '✓', warning: '!', failed: '✗' };

/**
 * `reeve doctor`: looks at this machine, the stores and the models, and says for each finding what was observed, what
 * was expected and one fix. Settings or a home that cannot be used are findings too; what depends on them is then left
 * out. Exit code 1 when something failed; warnings do not count.
 */
export async function doctor(options: { json?: boolean }): Promise<number> {
  const findings: Finding[] = [];
  for await (const finding of examine(readSettings())) {
    findings.push(finding);
    if (!options.json) console.log(findingText(finding));
  }
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

function readSettings(): Settings | UserError {
  try {
    return readConfig().values;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

async function* examine(settings: Settings | UserError): AsyncGenerator<Finding> {
  if (settings instanceof UserError) {
    yield await runCheck(unreadable(settings));
    yield* runAll(machineChecks());
    return;
  }
  const root = settings.REEVE_HOME;
  const home = await runCheck(homeCheck(root));
  yield home;
  yield* runAll(machineChecks());
  if (home.state !== 'failed') {
    const paths = homePaths(root);
    const log = createFileLog(paths.log, settings.REEVE_LOG_LEVEL);
    yield* runAll([...homeChecks(root), ...dataChecks(settings, paths, log)]);
    log.flush();
  }
  yield* runAll([
    ...modelChecks(settings),
    ...networkChecks(settings),
    ...speechChecks(settings),
    ...telegramChecks(settings),
  ]);
}

async function* runAll(checks: readonly Check[]): AsyncGenerator<Finding> {
  for (const check of checks) yield await runCheck(check);
}

/** What keeps the settings from being read, as a check that fails. */
function unreadable(error: UserError): Check {
  const isHome = error instanceof HomeUnusable;
  return {
    id: isHome ? 'home' : 'settings',
    title: isHome ? 'Home' : 'Settings',
    expected: isHome ? 'a folder of this user' : 'every setting has a value that it can take',
    fix: error.fix,
    run: () => Promise.reject(error),
  };
}

function findingText(finding: Finding): string {
  const line = `${MARKS[finding.state]} ${finding.title} (${finding.id}): ${finding.observed}`;
  return finding.fix === null ? line : `${line}\n    expected: ${finding.expected}\n    fix: ${finding.fix}`;
}
