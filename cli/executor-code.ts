import { fileURLToPath } from 'node:url';

/** Where the launcher finds what executors run: all of our code that they see, and the packages of their threads. */
export const EXECUTOR_CODE = {
  programs: {
    loop: fileURLToPath(new URL('../executor/start.ts', import.meta.url)),
    shim: fileURLToPath(new URL('../executor/shim/main.ts', import.meta.url)),
  },
  packages: fileURLToPath(new URL('../node_modules', import.meta.url)),
} as const;
