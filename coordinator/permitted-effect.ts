import {
  type Clock,
  type EffectReply,
  ObjectTooLarge,
  type Permit,
  type Records,
  type Store,
  type TaskId,
} from '@reeve/core';
import { auditedCall } from './audited-call.ts';
import { holds, type TaskLedger } from './task-ledger.ts';
import { bytesText } from './wording.ts';

/** Which call a worker says it carries out. */
export interface EffectOfTask {
  readonly task: TaskId;
  readonly attempt: number;
  readonly callId: string;
  readonly permit: string;
}

export interface PermittedEffectDeps {
  readonly store: Store;
  readonly ledger: TaskLedger;
  readonly clock: Clock;
}

/** The effect is not done; the reason goes to the worker. */
export class Refused extends Error {}
class Stale extends Error {}

/** The permit for exactly this call, if it may still be used. Throws `Refused`. */
export async function usablePermit(
  deps: PermittedEffectDeps,
  effect: EffectOfTask,
  tool: string,
): Promise<Permit> {
  const permit = await deps.store.permits.get(effect.permit);
  const isForThis =
    permit?.call.task === effect.task && permit.call.callId === effect.callId && permit.call.tool === tool;
  if (!permit || !isForThis) throw new Refused('This permit is not for that call.');
  if (permit.expiresAt <= deps.clock.now())
    throw new Refused('The permit has expired; declare the call again.');
  return permit;
}

/**
 * Sees that the worker still holds its task and that no newer permit took this one's place; then `prepare` may refuse,
 * the permit is consumed, `work` acts on the records, and the result is settled and audited. One transaction, which no
 * move of the task can pass: the effect happens exactly once and its outcome is never unknown.
 */
export async function perform<Facts>(
  deps: PermittedEffectDeps,
  effect: EffectOfTask,
  permit: Permit,
  step: { prepare(records: Records): Promise<Facts>; work(records: Records, facts: Facts): Promise<string> },
): Promise<EffectReply> {
  const { call, digest, approval } = permit;
  const content = await deps.ledger.beside(effect.task, async (records, task) => {
    if (!holds(task, effect.attempt)) throw new Stale(`${effect.task} has gone on without this attempt`);
    const now = deps.clock.now();
    const newest = await records.permits.forCall(call.task, call.callId);
    if (newest?.permit.id !== permit.id) throw new Refused('A newer permit took this one’s place.');
    // Looked at anew: what was allowed for longer may have been taken back meanwhile.
    if (newest.permit.expiresAt <= now) throw new Refused('The permit has expired; declare the call again.');
    const facts = await step.prepare(records);
    if (!(await records.permits.consume(permit.id, now))) throw new Refused('The permit was used before.');
    const result = await step.work(records, facts);
    await records.permits.settle(permit.id, { ok: true, content: result }, now);
    const detail = { ...auditedCall(call), digest, approval };
    await records.audit.append(
      { event: 'effect-done', actor: `executor:${call.task}`, subject: call.task, detail },
      now,
    );
    return result;
  });
  return { kind: 'done', content };
}

/** Turns what stops an effect into the worker's answer. */
export async function answerFor(work: () => Promise<EffectReply>): Promise<EffectReply> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Stale) return { kind: 'stale', reason: error.message };
    if (error instanceof Refused) return { kind: 'refused', reason: error.message };
    if (error instanceof ObjectTooLarge) {
      return {
        kind: 'refused',
        reason: `The file is larger than ${bytesText(error.limitBytes)}; nothing was stored.`,
      };
    }
    throw error;
  }
}
