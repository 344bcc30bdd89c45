import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Child extends AsyncDisposable {
  /** What it printed once it was ready. */
  readonly firstLine: string;
}

/**
 * Starts one of the bench's own programs, which ends when its standard input does, and waits for its first line.
 *
 * @throws {Error} when it ends before.
 */
export async function startChild(program: URL, args: readonly string[] = []): Promise<Child> {
  const child = spawn(process.execPath, [fileURLToPath(program), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const died = once(child, 'close').then(([code]): never => {
    throw new Error(`${program.pathname} ended with ${code}`);
  });
  died.catch(() => undefined);
  const said = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
  const [firstLine] = await Promise.race([said, died]);
  return {
    firstLine,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await died.catch(() => undefined);
    },
  };
}
