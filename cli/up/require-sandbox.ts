import { access, constants } from 'node:fs/promises';
import { UserError } from '../user-error.ts';

const PROGRAMS = [
  { program: '/usr/bin/bwrap', package: 'bubblewrap' },
  { program: '/usr/bin/setpriv', package: 'util-linux' },
  { program: '/usr/bin/prlimit', package: 'util-linux' },
] as const;

/**
 * Nothing runs outside its sandbox, so without bubblewrap nothing starts.
 *
 * @throws {UserError} with the one line to type.
 */
export async function requireSandbox(): Promise<void> {
  const missing = new Set<string>();
  for (const { program, package: name } of PROGRAMS) {
    await access(program, constants.X_OK).catch(() => missing.add(name));
  }
  if (missing.size === 0) return;
  const names = [...missing].join(' ');
  throw new UserError(
    `The sandbox needs ${names}, which this system lacks. Nothing was started.`,
    `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names}`,
  );
}
