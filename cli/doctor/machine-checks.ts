import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { requireSandbox } from '../up/require-sandbox.ts';
import { UserError } from '../user-error.ts';
import type { Check } from './check.ts';
import { executorCodeCheck } from './executor-code-check.ts';
import { sandboxLevelCheck } from './sandbox-level-check.ts';

const execute = promisify(execFile);
const NODE_MAJOR = 24;

/** What this machine must offer, whatever the settings. */
export function machineChecks(): Check[] {
  return [
    nodeCheck,
    sandboxProgramsCheck,
    sandboxRunsCheck,
    sandboxUidsCheck,
    sandboxLevelCheck,
    executorCodeCheck(),
    documentsCheck,
  ];
}

const nodeCheck: Check = {
  id: 'node-version',
  title: 'Node',
  expected: `Node ${NODE_MAJOR} of the clone`,
  fix: 'Start through npm start or npx reeve in the clone.',
  run: async () => ({
    state: process.versions.node.startsWith(`${NODE_MAJOR}.`) ? 'ok' : 'failed',
    observed: `Node ${process.versions.node}`,
  }),
};

const sandboxProgramsCheck: Check = {
  id: 'sandbox-programs',
  title: 'Sandbox programs',
  expected: 'bwrap, setpriv and prlimit',
  fix: 'sudo apt-get update && sudo apt-get install -y --no-install-recommends bubblewrap util-linux',
  async run() {
    try {
      await requireSandbox();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { state: 'failed', observed: error.message, fix: error.fix };
    }
    const { stdout } = await execute('/usr/bin/bwrap', ['--version']);
    return { state: 'ok', observed: stdout.trim() };
  },
};

const sandboxRunsCheck: Check = {
  id: 'sandbox-runs',
  title: 'Sandbox',
  expected: 'a command runs in new namespaces without network',
  fix: 'Allow user namespaces: on Ubuntu 23.10 or newer, sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  async run() {
    const walls = [
      '--unshare-all',
      '--unshare-user',
      '--disable-userns',
      '--die-with-parent',
      '--cap-drop',
      'ALL',
    ];
    const system = [
      '--ro-bind',
      '/usr',
      '/usr',
      '--symlink',
      'usr/bin',
      '/bin',
      '--symlink',
      'usr/lib',
      '/lib',
      '--symlink',
      'usr/lib64',
      '/lib64',
      '--proc',
      '/proc',
      '--dev',
      '/dev',
    ];
    const { stdout } = await execute(
      '/usr/bin/bwrap',
      [...walls, ...system, '--', '/usr/bin/cat', '/proc/net/dev'],
      { timeout: 10_000 },
    );
    const interfaces = stdout.split('\n').flatMap((line) => /^\s*(\w+):/.exec(line)?.[1] ?? []);
    const isAlone = interfaces.every((name) => name === 'lo');
    return {
      state: isAlone ? 'ok' : 'failed',
      observed: `a command ran; network interfaces inside: ${interfaces.join(', ') || 'none'}`,
    };
  },
};

const sandboxUidsCheck: Check = {
  id: 'sandbox-uids',
  title: 'Separate users for workers',
  expected: 'each worker has a user id of its own (started as root)',
  fix: 'Start Reeve as root, or accept that workers share your user id behind their namespaces.',
  run: async () =>
    process.geteuid?.() === 0
      ? { state: 'ok', observed: 'started as root: each worker drops to a user id of its own' }
      : { state: 'warning', observed: 'started as an ordinary user: workers share your user id' },
};

const documentsCheck: Check = {
  id: 'documents',
  title: 'PDF files',
  expected: 'pdftotext, so that workers can read PDF files',
  fix: 'sudo apt-get install -y --no-install-recommends poppler-utils',
  async run() {
    try {
      const { stderr } = await execute('/usr/bin/pdftotext', ['-v']);
      return { state: 'ok', observed: stderr.split('\n', 1)[0] ?? '' };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return { state: 'warning', observed: 'there is no /usr/bin/pdftotext; everything else works' };
    }
  },
};
