export { type BwrapLauncherOptions, createBwrapLauncher } from './bwrap-launcher.ts';
