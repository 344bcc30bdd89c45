import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../testing/send-to-closed.ts', import.meta.url));

/** A namespace in which every address of both IP versions is at hand, so that whatever is sent has somewhere to go. */
const SETUP = [
  'ip link set lo up',
  'ip route add local 0.0.0.0/0 dev lo',
  'ip -6 route add local ::/0 dev lo',
].join(' && ');

function canUse(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const isPossible = process.geteuid?.() === 0 && ['/usr/sbin/ip', '/usr/bin/unshare'].every(canUse);

describe('packets, counted in a network namespace', () => {
  // Skipped without root, or without iproute2 and util-linux: then no namespace can be given routes.
  it.skipIf(!isPossible)('none goes to a closed address; some go to a public one', async () => {
    const { stdout } = await promisify(execFile)(
      '/usr/bin/unshare',
      ['--net', 'sh', '-ec', `${SETUP} && exec "$0" "$1"`, process.execPath, PROGRAM],
      { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, timeout: 50_000 },
    );
    const seen: unknown = JSON.parse(stdout);
    expect(seen).toMatchObject({ outcomes: ['not-sent'], toClosed: 0 });
    expect(seen).toMatchObject({ cases: expect.toSatisfy((count: number) => count >= 500) });
    expect(seen).toMatchObject({ toPublic: expect.toSatisfy((count: number) => count >= 2) });
  });
});
