import { readConfig } from '../config.ts';
import { findOrTake } from '../find-or-take.ts';
import type { Home } from '../home.ts';
import { createFileLog } from '../log.ts';
import type { ResolvedSettings } from '../settings.ts';
import { requireSandbox } from '../up/require-sandbox.ts';
import { startStack } from '../up/stack.ts';
import { UserError } from '../user-error.ts';
import { VERSION } from '../version.ts';

/** What is there to talk to, and how to let go of it. */
export interface Reachable {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

interface ReachOptions {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Takes one line of standard error. */
  readonly complain: (line: string) => void;
}

/** A Reeve that holds the home and does not answer yet is starting: it gets this long, in milliseconds. */
const START_LIMIT_MS = 30_000;
/** As the shell counts a command that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * The Reeve that runs on this home, one that is just starting included; when there is none, one that is started for as
 * long as it is needed.
 *
 * @throws {UserError} for what the person can mend.
 */
export async function reach(options: ReachOptions): Promise<Reachable> {
  const resolved = readConfig();
  const found = await findOrStart(resolved.values.REEVE_HOME, options);
  return 'url' in found ? { ...found, close: async () => undefined } : startOwn(found, resolved);
}

async function findOrStart(root: string, { signal, complain }: ReachOptions) {
  try {
    return await findOrTake(root, {
      limitMs: START_LIMIT_MS,
      beforeTaking: requireSandbox,
      onWait: () => complain('Another Reeve is starting on this home; waiting for it.'),
      signal,
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new UserError('Stopped waiting for the Reeve that is starting.', 'Nothing was sent.', INTERRUPTED);
  }
}

async function startOwn(home: Home, { values: settings, fixed }: ResolvedSettings): Promise<Reachable> {
  const log = createFileLog(home.paths.log, settings.REEVE_LOG_LEVEL);
  const release = async () => {
    await home.release();
    log.flush();
  };
  try {
    const stack = await startStack({
      home,
      settings: { ...settings, REEVE_PORT: 0 },
      fixed,
      log,
      version: VERSION,
    });
    return {
      url: stack.url,
      token: stack.token,
      async close() {
        await stack.stop();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}
