export { type BwrapLauncherOptions, createBwrapLauncher } from './bwrap-launcher.ts';
export { packProgram } from './pack/pack-program.ts';
