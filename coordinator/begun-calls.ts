import {
  type Approval,
  type Clock,
  type DeclareReply,
  type EffectResult,
  isReading,
  type Permit,
  type PermitUse,
  type Store,
  type Task,
} from '@reeve/core';
import type { Asker } from './questions.ts';
import { holds } from './task-ledger.ts';

/** A permit that was used: its call was begun. */
export interface BegunCall {
  readonly permit: Permit;
  readonly use: PermitUse;
}

/** Answers declarations of calls that were begun before: what came of them, or the question whether they happened. */
export interface BegunCalls {
  /** `again`: a person said to do it once more, for which a permit may be issued. */
  answer(
    task: Task,
    begun: BegunCall,
  ): Promise<DeclareReply | { readonly kind: 'again'; readonly code: string }>;
}

/** Whoever carries out a call gives up sooner; a call that is still open after this long has an unknown outcome. */
const UNDER_WAY_LIMIT_MS = 5 * 60 * 1000;
const LOOK_INTERVAL_MS = 250;

const LOST = 'whoever carried it out stopped before an answer came';

export function createBegunCalls(deps: { store: Store; clock: Clock; asker: Asker }): BegunCalls {
  const { store, clock, asker } = deps;

  /** What the call came to, as soon as that is settled; null when the task has gone on meanwhile. */
  async function resultOf(task: Task, begun: BegunCall): Promise<EffectResult | null> {
    const { call } = begun.permit;
    const givenUpAt = begun.use.usedAt.getTime() + UNDER_WAY_LIMIT_MS;
    for (let use: PermitUse | null | undefined = begun.use; ; ) {
      if (use?.settled) return use.settled;
      if (clock.now().getTime() >= givenUpAt) return { ok: null, content: LOST };
      await clock.sleep(LOOK_INTERVAL_MS);
      if (!holds(await store.tasks.get(task.id), task.attempt)) return null;
      use = (await store.permits.forCall(call.task, call.callId))?.use;
    }
  }

  async function ask(task: Task, { call, digest }: Permit, why: string): Promise<DeclareReply> {
    return asker.ask(task, { question: 'outcome', call, digest, tier: 'destructive', reason: why });
  }

  return {
    async answer(task, begun) {
      const { permit } = begun;
      const result = await resultOf(task, begun);
      if (result === null) return { kind: 'stale', reason: `${task.id} has gone on` };
      const { ok, content } = result;
      if (ok !== null) return { kind: 'settled', ok, content };
      if (isReading(permit.call)) return { kind: 'settled', ok: false, content: READ_AGAIN };
      const asked = await store.approvals.forCall(task.id, permit.call.callId);
      const questions = asked.filter(
        ({ question, digest, state }) =>
          question === 'outcome' && digest === permit.digest && state !== 'voided',
      );
      const [latest] = questions;
      const repetitions = questions.filter(({ state }) => state === 'approved').length;
      if (latest?.state === 'approved' && repetitions > permit.retry)
        return { kind: 'again', code: latest.code };
      if (!latest || latest.state === 'approved') return ask(task, permit, content);
      if (latest.state !== 'pending') return { kind: 'settled', ok: false, content: leftAsItIs(latest) };
      const waiting = await asker.askAgain(task, latest);
      return waiting ?? this.answer(task, begun);
    },
  };
}

const READ_AGAIN =
  'Reeve stopped while this was read. Reading changed nothing: ask for it again if it is still needed.';

function leftAsItIs({ state, decidedBy, note }: Approval): string {
  const who =
    state === 'expired' ? 'Nobody answered whether' : `${decidedBy ?? 'The owner'} said to leave it:`;
  const what = state === 'expired' ? 'it happened.' : 'nobody knows whether it happened.';
  return `UNKNOWN. ${who} ${what} It was not repeated and must not be tried another way.${note ? ` They said: ${note}` : ''}`;
}
