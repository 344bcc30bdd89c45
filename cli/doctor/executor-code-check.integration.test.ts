import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCheck } from './check.ts';
import { executorCodeCheck } from './executor-code-check.ts';
import { machineChecks } from './machine-checks.ts';

it('is well in a clone as it should be, and one of the doctor’s', async () => {
  const check = machineChecks().find(({ id }) => id === 'worker-code');
  expect(check && (await runCheck(check))).toMatchObject({ state: 'ok', observed: 'packed: loop, shim' });
});

it('fails with what stands in the way and what to do when a program cannot be packed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'reeve-executor-code-'));
  await writeFile(join(directory, 'package.json'), '{}');
  const loop = join(directory, 'loop.ts');
  await writeFile(loop, `import './that-is-missing.ts';\n`);
  expect(await runCheck(executorCodeCheck({ loop }))).toMatchObject({
    state: 'failed',
    observed: expect.stringContaining('that-is-missing.ts'),
    fix: expect.stringContaining('npm install'),
  });
  await rm(directory, { recursive: true });
});
