import type { Figure } from './figure.ts';
import type { Servers } from './servers.ts';

export interface SectionDeps {
  readonly servers: Servers;
}

/** One part of the bench: measures and returns its figures, and leaves nothing behind. */
export type Section = (deps: SectionDeps) => Promise<readonly Figure[]>;
