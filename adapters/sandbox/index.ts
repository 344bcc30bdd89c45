export { type BwrapLauncher, type BwrapLauncherOptions, createBwrapLauncher } from './bwrap-launcher.ts';
export type { BwrapLevel, ObtainedLimits } from './sandbox-level.ts';
