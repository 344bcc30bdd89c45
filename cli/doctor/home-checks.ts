import { statfs } from 'node:fs/promises';
import { findRunning, openHome } from '../home.ts';
import type { Check } from './check.ts';

const COMFORTABLE_BYTES = 1024 ** 3;

/** Makes the home when it is missing: every check of what is in it needs it. A Reeve that runs already has it. */
export function homeCheck(root: string): Check {
  return {
    id: 'home',
    title: 'Home',
    expected: 'a folder of this user that can be written and has room',
    fix: 'Make it writable, free some space, or set REEVE_HOME to another folder.',
    async run() {
      if (await findRunning(root)) return { state: 'ok', observed: `${root}, in use by the running Reeve` };
      const home = await openHome(root);
      await home.release();
      return { state: 'ok', observed: `${root} can be written` };
    },
  };
}

/** What a home that can be used is looked at for. */
export function homeChecks(root: string): Check[] {
  return [diskCheck(root), runningCheck(root)];
}

function diskCheck(home: string): Check {
  return {
    id: 'disk-space',
    title: 'Disk',
    expected: 'at least 1 GB free where the home is',
    fix: 'Free some space, or set REEVE_HOME to a folder on another disk.',
    async run() {
      const { bavail, bsize } = await statfs(home);
      const free = bavail * bsize;
      return {
        state: free >= COMFORTABLE_BYTES ? 'ok' : 'warning',
        observed: `${(free / 1024 ** 3).toFixed(1)} GB free at ${home}`,
      };
    },
  };
}

function runningCheck(home: string): Check {
  return {
    id: 'reeve-running',
    title: 'This Reeve',
    expected: 'running and answering, or stopped',
    fix: 'Stop it and start it again.',
    async run() {
      const running = await findRunning(home);
      return { state: 'ok', observed: running ? `running at ${running.url}` : 'not running' };
    },
  };
}
