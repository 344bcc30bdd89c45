import type { Clock } from '@reeve/core';
import type { Journal } from './journal.ts';
import type { LinkClient } from './link-client.ts';
import type { ShimClient } from './shim/client.ts';

/** Keeps a copy of the scratch directory outside of the sandbox, for the next attempt. */
export interface ScratchKeeper {
  /** Says that the scratch directory may have changed. */
  changed(): void;
  /** Saves it if it changed since the last save. */
  save(): Promise<void>;
  /** Saves it if it changed and the last save is a while ago. */
  saveNowAndThen(): Promise<void>;
}

const EVERY_MS = 30_000;

export function createScratchKeeper(deps: {
  shim: ShimClient;
  link: LinkClient;
  journal: Journal;
  clock: Clock;
  maxBytes: number;
}): ScratchKeeper {
  const { shim, link, journal, clock } = deps;
  let isDirty = false;
  let savedAt = clock.now().getTime();

  async function save(): Promise<void> {
    if (!isDirty) return;
    isDirty = false;
    await link.saveScratch(journal.steps.at(-1)?.seq ?? 0, shim.snapshot({ maxBytes: deps.maxBytes }));
    savedAt = clock.now().getTime();
  }

  return {
    changed() {
      isDirty = true;
    },
    save,
    async saveNowAndThen() {
      if (clock.now().getTime() - savedAt >= EVERY_MS) await save();
    },
  };
}
