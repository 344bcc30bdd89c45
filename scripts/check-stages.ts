import process from 'node:process';
import type { Stage } from './run-stage.ts';

const node = process.execPath;

/** What the whole tree has to hold, besides its tests. */
export const checkStages: readonly Stage[] = [
  { name: 'types', command: [node, 'node_modules/typescript-native/bin/tsc', '--noEmit', '-p', '.'] },
  // What runs in browsers knows other things than what runs in Node.
  {
    name: 'types of the page',
    command: [node, 'node_modules/typescript-native/bin/tsc', '--noEmit', '-p', 'dashboard/page'],
  },
  {
    name: 'format and lint',
    command: ['node_modules/.bin/biome', 'check', '--error-on-warnings', '--max-diagnostics=40', '.'],
  },
  { name: 'import law', command: [node, 'scripts/check-imports.ts'] },
  {
    name: 'unused code',
    command: [node, 'node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints'],
  },
];

/** One vitest project, by its name in `vitest.config.ts`, with further arguments. */
export function vitestStage(
  project: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Stage {
  return {
    name: `${project} tests`,
    command: [node, 'node_modules/vitest/vitest.mjs', 'run', '--project', project, ...args],
    environment,
  };
}
