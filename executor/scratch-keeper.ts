import { type Clock, shorten } from '@reeve/core';
import type { Journal } from './journal.ts';
import type { LinkClient } from './link-client.ts';
import { ShimRefusedError } from './shim/calls.ts';
import type { ShimClient } from './shim/client.ts';

/**
 * Keeps a copy of the scratch directory outside of the sandbox, for the next attempt. What commands made of scratch can
 * make that impossible: then the task goes on without a copy, and its model is told.
 */
export interface ScratchKeeper {
  /** Says that the scratch directory may have changed. */
  changed(): void;
  /** Saves it if it changed since the last save. Rejects when the link or the sandbox is lost. */
  save(): Promise<void>;
  /** Saves it if it changed and the last save is a while ago. */
  saveNowAndThen(): Promise<void>;
  /** Writes a note when a save was refused, once until one succeeds. A note must not stand between calls and their results. */
  tellTrouble(): Promise<void>;
}

const EVERY_MS = 30_000;
const SHOWN_DETAIL = 200;

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
  /** What the sandbox said of the last save, when it refused it. */
  let trouble: string | null = null;
  let isTold = false;

  async function save(): Promise<void> {
    if (!isDirty) return;
    isDirty = false;
    try {
      await link.saveScratch(journal.steps.at(-1)?.seq ?? 0, shim.snapshot({ maxBytes: deps.maxBytes }));
      trouble = null;
      isTold = false;
    } catch (error) {
      if (!(error instanceof ShimRefusedError)) throw error;
      isDirty = true;
      trouble = shorten(error.refusal.detail, SHOWN_DETAIL);
    }
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
    async tellTrouble() {
      if (trouble === null || isTold) return;
      isTold = true;
      const text = `Your scratch cannot be saved: “${trouble}”. Go on; but if this worker is lost, so is what was done in scratch since it was last saved. Remove what cannot be copied (very deep folders, very many files, closed folders), and store results early.`;
      await journal.append({ kind: 'note', text, origin: { kind: 'agent' }, input: null });
    },
  };
}
