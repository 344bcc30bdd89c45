import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

const root = join(import.meta.dirname, '..');
const dependencies = z.record(z.string(), z.string()).optional();
const manifestSchema = z.object({ dependencies, devDependencies: dependencies });
const lockSchema = z.object({
  packages: z.record(z.string(), manifestSchema.extend({ resolved: z.string().optional() })),
});

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

const { packages } = lockSchema.parse(readJson('package-lock.json'));

test('the lockfile names no registry but the public one, so any can serve it', () => {
  const addresses = Object.values(packages).flatMap(({ resolved }) =>
    resolved?.includes('://') === true ? [resolved] : [],
  );
  expect(addresses.filter((address) => !address.startsWith('https://registry.npmjs.org/'))).toEqual([]);
});

const workspaces = Object.keys(packages).filter((path) => !path.includes('node_modules/'));

test.each(workspaces)('the lockfile agrees with package.json of "%s"', (workspace) => {
  const manifest = manifestSchema.parse(readJson(join(workspace, 'package.json')));
  expect(packages[workspace]?.dependencies ?? {}).toEqual(manifest.dependencies ?? {});
  expect(packages[workspace]?.devDependencies ?? {}).toEqual(manifest.devDependencies ?? {});
});
