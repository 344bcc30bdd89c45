import { type Clock, canonicalJson, type Step, type StepBody } from '@reeve/core';
import type { LinkClient } from './link-client.ts';

export type ModelStep = Step & { body: Extract<StepBody, { kind: 'model' }> };

/** A task's steps as they are in the database; nothing counts until it is in here. */
export interface Journal {
  readonly attempt: number;
  readonly steps: readonly Step[];
  /** Writes the next step through the link, then adds it. */
  append(body: StepBody): Promise<Step>;
  lastModelStep(): ModelStep | undefined;
}

export function createJournal(
  link: LinkClient,
  attempt: number,
  earlier: readonly Step[],
  clock: Clock,
): Journal {
  const steps = [...earlier];
  return {
    attempt,
    steps,
    async append(body) {
      const seq = (steps.at(-1)?.seq ?? 0) + 1;
      await link.append({ attempt, seq, body });
      const step: Step = { seq, attempt, at: clock.now().toISOString(), body };
      steps.push(step);
      return step;
    },
    lastModelStep: () => steps.findLast(isModelStep),
  };
}

export function isModelStep(step: Step): step is ModelStep {
  return step.body.kind === 'model';
}

/** One call of the model's last answer that has no result yet. */
export interface OpenCall {
  readonly callId: string;
  readonly name: string;
  readonly json: string;
  /** Its intent was written before: an earlier attempt may have begun it. */
  readonly begun: boolean;
}

/** A call's id, unique within its task whatever ids the model uses. */
export function callIdOf(modelSeq: number, index: number): string {
  return `s${modelSeq}.${index + 1}`;
}

export function openCalls(journal: Journal): OpenCall[] {
  const model = journal.lastModelStep();
  if (!model) return [];
  const later = journal.steps.filter((step) => step.seq > model.seq);
  const done = new Set(later.flatMap(({ body }) => (body.kind === 'result' ? [body.callId] : [])));
  const begun = new Set(later.flatMap(({ body }) => (body.kind === 'intent' ? [body.callId] : [])));
  return model.body.toolCalls.flatMap((call, index) => {
    const callId = callIdOf(model.seq, index);
    return done.has(callId)
      ? []
      : [{ callId, name: call.function.name, json: call.function.arguments, begun: begun.has(callId) }];
  });
}

/** True when the model's newest call would be the same as the `limit` calls before it. */
export function repeatsItself(journal: Journal, limit: number): boolean {
  const calls = journal.steps.flatMap(({ body }) =>
    body.kind === 'model' ? body.toolCalls.map((call) => callText(call.function)) : [],
  );
  const last = calls.at(-1);
  return last !== undefined && calls.length > limit && calls.slice(-limit - 1).every((call) => call === last);
}

function callText({ name, arguments: json }: { name: string; arguments: string }): string {
  try {
    return `${name} ${canonicalJson(JSON.parse(json))}`;
  } catch {
    return `${name} ${json}`;
  }
}
