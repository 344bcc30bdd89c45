import type { Assignment, Clock, Model } from '@reeve/core';
import { type Control, Leave, startControl } from './control.ts';
import type { Hands } from './hands.ts';
import { createJournal, type Journal } from './journal.ts';
import type { LinkClient } from './link-client.ts';
import { Superseded } from './link-transport.ts';
import { runTask, type TaskEnd } from './run-task.ts';

export interface ExecuteDeps {
  readonly assignment: Assignment;
  /** Carries the assignment's token. */
  readonly link: LinkClient;
  readonly createModel: (token: () => string) => Model;
  /** Called once, when there is something to do, or when the model has been asked what. */
  readonly takeUpHands: (task: { readonly control: Control; readonly journal: Journal }) => Promise<Hands>;
  readonly clock: Clock;
}

/** Exit codes of an executor's process. */
export const EXECUTOR_EXIT = { done: 0, superseded: 75 } as const;

/** Taking up the hands keeps the thread for 20 ms; a model that answers within this time is not kept waiting. */
const HANDS_AFTER_MS = 50;

/**
 * Does the task that was assigned, says how it ended, and ends the sandbox. Resolves with the process's exit code;
 * rejects when something broke, which the coordinator treats as a lost executor.
 */
export async function execute(deps: ExecuteDeps): Promise<number> {
  const { assignment, link, clock } = deps;
  const { attempt, inputs, steps } = assignment;
  const control = startControl(link.openControl(attempt), clock);
  const journal = createJournal(link, attempt, steps, clock);
  const model = deps.createModel(() => assignment.token);
  const lost = Promise.withResolvers<never>();
  // It may come before the race that it ends.
  lost.promise.catch(() => undefined);
  let hands: Promise<Hands> | undefined;
  const takeUp = (): Promise<Hands> => {
    if (hands === undefined) {
      hands = deps.takeUpHands({ control, journal });
      hands.then(({ gone }) => gone).then(lost.reject, lost.reject);
    }
    return hands;
  };
  control.addInputs(inputs);
  // What earlier attempts left to do comes before the model's next word.
  const timer = setTimeout(takeUp, HANDS_AFTER_MS);
  try {
    if (steps.length > 0) await takeUp();
    const end = await Promise.race([
      runTask({ briefing: assignment, journal, model, hands: takeUp, control, clock }),
      lost.promise,
    ]);
    if (end.outcome === 'released') return await leave(end.failure);
    await link.finish({ attempt, ...end, evidence: [...end.evidence] });
    return EXECUTOR_EXIT.done;
  } catch (error) {
    const reason: unknown = control.signal.aborted ? control.signal.reason : error;
    if (reason instanceof Superseded) return EXECUTOR_EXIT.superseded;
    if (!(reason instanceof Leave)) throw error;
    if (!reason.save) return EXECUTOR_EXIT.superseded;
    return leave(null);
  } finally {
    clearTimeout(timer);
    // Hands that could not be taken up have failed the task already.
    hands?.then(
      ({ close }) => close(),
      () => undefined,
    );
  }

  /** Saves what the next attempt needs. The task may have moved on in the same moment; then there is nothing to say. */
  async function leave(failure: TaskEnd['failure']): Promise<number> {
    try {
      await (await hands)?.save();
      await link.finish({ attempt, outcome: 'released', summary: '', evidence: [], failure });
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
      return EXECUTOR_EXIT.superseded;
    }
    return EXECUTOR_EXIT.done;
  }
}
