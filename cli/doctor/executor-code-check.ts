import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packProgram } from '@reeve/sandbox';
import { EXECUTOR_CODE } from '../executor-code.ts';
import type { Check } from './check.ts';

/** Whether what executors run can be made of this clone; without it none starts, however good its walls. */
export function executorCodeCheck(
  programs: Readonly<Record<string, string>> = EXECUTOR_CODE.programs,
): Check {
  return {
    id: 'worker-code',
    title: 'Code of workers',
    expected: 'both programs of a worker can be packed',
    fix: 'Run npm install in the clone, and check that neither its disk nor that of temporary files is full.',
    async run() {
      await using directory = await temporaryDirectory();
      for (const [half, source] of Object.entries(programs))
        await packProgram({ source, directory: join(directory.path, half), file: `${half}.mjs` });
      return { state: 'ok', observed: `packed: ${Object.keys(programs).join(', ')}` };
    },
  };
}

async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'reeve-doctor-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
