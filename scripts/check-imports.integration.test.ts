import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const project = join(import.meta.dirname, '..');

/** Rooms of a house in small: folder and package name. */
const rooms = {
  core: '@reeve/core',
  'adapters/clock': '@reeve/clock',
  'adapters/postgres': '@reeve/postgres',
  'channels/http': '@reeve/channel-http',
  coordinator: '@reeve/coordinator',
  gateway: '@reeve/gateway',
  executor: '@reeve/executor',
  cli: 'reeve',
};

let house = '';

beforeEach(() => {
  house = mkdtempSync(join(tmpdir(), 'reeve-house-'));
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json'])
    cpSync(join(project, file), join(house, file));
  mkdirSync(join(house, 'node_modules/@reeve'), { recursive: true });
  for (const name of ['vitest', 'zod']) {
    put(`node_modules/${name}/package.json`, JSON.stringify({ name, type: 'module', exports: './index.js' }));
    put(`node_modules/${name}/index.js`, 'export const all = 1;\n');
  }
  for (const [folder, name] of Object.entries(rooms)) {
    const dependencies = Object.fromEntries(Object.values(rooms).map((other) => [other, '*']));
    const exports = { '.': './index.ts', './testing': './testing/index.ts' };
    put(`${folder}/package.json`, JSON.stringify({ name, type: 'module', exports, dependencies }));
    put(`${folder}/index.ts`, 'export const room = 1;\n');
    put(`${folder}/testing/index.ts`, 'export const fake = 1;\n');
    symlinkSync(join(house, folder), join(house, 'node_modules', name));
  }
});

afterEach(() => rmSync(house, { recursive: true }));

function put(path: string, content: string): void {
  mkdirSync(dirname(join(house, path)), { recursive: true });
  writeFileSync(join(house, path), content);
}

function checkImports(): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const script = join(project, 'scripts/check-imports.ts');
    const child = execFile(process.execPath, [script], { cwd: house }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}

test('what the law allows', async () => {
  put('coordinator/plan.ts', "import '@reeve/core';\nimport 'node:fs';\n");
  put('coordinator/main.ts', "import '@reeve/clock';\nimport './plan.ts';\n");
  put('coordinator/plan.test.ts', "import '@reeve/core/testing';\nimport 'vitest';\n");
  put('coordinator/plan.integration.test.ts', "import '@reeve/postgres';\n");
  put('adapters/clock/a.integration.test.ts', "import '@reeve/postgres/testing';\n");
  put('executor/shim/run.ts', "import 'node:child_process';\n");
  put('cli/up.ts', "import '@reeve/coordinator';\nimport '@reeve/gateway';\nimport '@reeve/channel-http';\n");
  expect(await checkImports()).toMatchObject({ code: 0 });
});

test.each([
  ['core/a.ts', '@reeve/clock', 'core-imports-nothing-of-ours'],
  ['core/a.ts', 'vitest', 'core-depends-on-zod-only'],
  ['adapters/clock/a.ts', '@reeve/postgres', 'adapters-and-channels-import-core-only'],
  ['channels/http/a.ts', '@reeve/coordinator', 'adapters-and-channels-import-core-only'],
  ['adapters/clock/a.test.ts', '@reeve/postgres', 'adapters-and-channels-import-core-only'],
  ['channels/http/a.integration.test.ts', 'reeve', 'tests-of-adapters-and-channels-know-no-process'],
  ['coordinator/a.ts', '@reeve/clock', 'only-a-composition-root-imports-adapters'],
  ['coordinator/main.ts', '@reeve/gateway', 'no-process-imports-another'],
  ['gateway/a.ts', 'reeve', 'nothing-imports-cli-bench-or-scripts'],
  ['executor/main.ts', '@reeve/postgres', 'workers-never-hold-the-database-or-the-cluster'],
  ['gateway/a.ts', '../core/index.ts', 'no-relative-import-into-another-room'],
  ['gateway/a.ts', '@reeve/core/index.ts', 'no-unresolvable'],
  ['gateway/a.ts', '@reeve/core/testing', 'production-never-imports-test-code'],
  ['gateway/a.ts', 'vitest', 'production-never-imports-test-code'],
  ['gateway/a.ts', 'node:child_process', 'child-processes-in-few-places'],
  ['gateway/a.ts', 'zod', 'no-undeclared-package'],
  ['gateway/a.ts', './a.ts', 'no-cycles'],
])('%s may not import %s', async (file, imported, rule) => {
  put(file, `import '${imported}';\n`);
  const { code, output } = await checkImports();
  expect(output).toContain(`${rule}: ${file} -> `);
  expect(code).toBe(1);
});

test('a checker that sees nothing fails', async () => {
  for (const folder of Object.keys(rooms)) rmSync(join(house, folder), { recursive: true });
  const { code, output } = await checkImports();
  expect(output).toContain('saw no modules');
  expect(code).toBe(1);
});
