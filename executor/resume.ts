import { type Assignment, type Step, shorten } from '@reeve/core';
import type { Journal } from './journal.ts';
import type { LinkClient } from './link-client.ts';
import type { ShimClient } from './shim/client.ts';

/** Tools whose work lives in the scratch directory. */
const SCRATCH_TOOLS: ReadonlySet<string> = new Set(['shell.run', 'file.write', 'files.get']);

const SHOWN_DETAIL = 200;

/**
 * Brings the scratch directory back to the newest snapshot, and tells the model which later scratch steps were lost; all
 * of them, when the sandbox refuses the snapshot. Does nothing on a task's first attempt.
 */
export async function resumeScratch(deps: {
  assignment: Assignment;
  link: LinkClient;
  shim: ShimClient;
  journal: Journal;
}): Promise<void> {
  const { assignment, link, shim, journal } = deps;
  let refused: string | null = null;
  if (assignment.snapshot !== null) {
    const content = await link.openScratch();
    if (content) {
      const restored = await shim.restore(content);
      if (restored.kind === 'refused') refused = shorten(restored.detail, SHOWN_DETAIL);
    }
  }
  const lost =
    refused === null ? lostSteps(journal.steps, assignment.snapshot ?? 0) : scratchSteps(journal.steps);
  if (lost.length === 0) return;
  const state = stateOf(assignment.snapshot, refused);
  const text = `The worker was restarted. ${state} What these later steps did there is lost: ${lost.join('; ')}. Do again what is still needed.`;
  await journal.append({ kind: 'note', text, origin: { kind: 'agent' }, input: null });
}

function stateOf(snapshot: number | null, refused: string | null): string {
  if (refused !== null)
    return `The scratch directory could not be brought back (“${refused}”): it holds a part of what it held, or nothing.`;
  return snapshot === null
    ? 'The scratch directory is empty.'
    : `The scratch directory is as it was after step ${snapshot}.`;
}

/** Scratch work after the snapshot that no earlier note has named. */
function lostSteps(steps: readonly Step[], snapshot: number): string[] {
  const lastNote =
    steps.findLast(({ body }) => body.kind === 'note' && body.text.startsWith('The worker was restarted.'))
      ?.seq ?? 0;
  const from = Math.max(snapshot, lastNote);
  return scratchSteps(steps.filter(({ seq }) => seq > from));
}

function scratchSteps(steps: readonly Step[]): string[] {
  return steps.flatMap(({ seq, body }) =>
    body.kind === 'result' && body.ok && SCRATCH_TOOLS.has(body.tool) ? [`${seq} (${body.activity})`] : [],
  );
}
