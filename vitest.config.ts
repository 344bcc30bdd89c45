import { configDefaults, defineConfig } from 'vitest/config';

const ignored = [...configDefaults.exclude, '**/.reeve/**'];

/** Limits, here and in the tests, are against hanging only: machines are shared, and what takes a moment can take a minute. */
const expect = { poll: { timeout: 60_000 } };

/** Three suites by file name; `docs/testing.md` says what belongs where and what each may cost. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...ignored, '**/*.integration.test.ts', '**/*.e2e.test.ts'],
          testTimeout: 60_000,
          expect,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['**/*.integration.test.ts'],
          exclude: ignored,
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude: ignored,
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect,
        },
      },
    ],
  },
});
