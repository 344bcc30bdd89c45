import {
  type BudgetPlan,
  type Clock,
  costOf,
  type GatewayStore,
  type Log,
  MICROS_PER_DOLLAR,
  periodOf,
  priceOf,
  type RequestEstimate,
} from '@reeve/core';
import { failureFields } from '../refusal.ts';
import type { ReportedUsage } from './hearing-dialects.ts';

/**
 * Sound in tokens, as OpenAI counts it where it counts tokens: ten a second that is listened to, twenty a second that is
 * read out. Sizes go by 2,000 bytes a second, which is what voice notes have; people say some 14 characters a second.
 */
const HEARD_PER_SECOND = 10;
const SPOKEN_PER_SECOND = 20;
const BYTES_PER_SECOND = 2000;
const CHARACTERS_PER_SECOND = 14;
/** Tokens of text that are said in a second. */
const WORDS_PER_SECOND = 5;
/** A provider that lies cannot use up a budget: no recording of 20 MB comes to more than this. */
const MOST_TOKENS = 1_000_000;
const MOST_DOLLARS = 10;

/** What listening to so many bytes may come to. */
export function estimateHearing(bytes: number): RequestEstimate {
  const seconds = Math.max(1, bytes / BYTES_PER_SECOND);
  return {
    inputTokens: Math.ceil(seconds * HEARD_PER_SECOND),
    outputTokens: Math.ceil(seconds * WORDS_PER_SECOND),
  };
}

/** What reading out so many characters may come to. */
export function estimateSpeaking(characters: number): RequestEstimate {
  const seconds = Math.max(1, characters / CHARACTERS_PER_SECOND);
  return {
    inputTokens: Math.ceil(seconds * WORDS_PER_SECOND),
    outputTokens: Math.ceil(seconds * SPOKEN_PER_SECOND),
  };
}

/** A reservation for one call to a speech provider; ended once. */
export interface SpeechReservation {
  /** The provider's figures where there are any that can be true, else the estimate. */
  settle(reported: ReportedUsage | null): Promise<void>;
  /** Nothing was used. */
  release(): Promise<void>;
}

export interface SpeechMeterDeps {
  readonly store: Pick<GatewayStore, 'budget' | 'audit'>;
  readonly plan: () => BudgetPlan;
  readonly clock: Clock;
  readonly log: Log;
}

/** Reserves under the caps of day and month; null when one of them leaves no room. */
export async function reserveSpeech(
  deps: SpeechMeterDeps,
  model: string,
  estimate: RequestEstimate,
): Promise<SpeechReservation | null> {
  const { store, clock, log } = deps;
  const plan = deps.plan();
  const now = clock.now();
  const price = priceOf(plan.prices, model);
  const reply = await store.budget.reserve(
    {
      task: null,
      role: 'coordinator',
      model,
      ...estimate,
      micros: costOf(price, estimate),
      ...periodOf(now, plan.timeZone),
      at: now,
    },
    plan.caps,
  );
  if (reply.kind === 'refused') {
    const { cap, spent, isNews } = reply;
    const detail = {
      cap: cap.kind,
      of: cap.of,
      spent: { ...spent },
      needed: { ...estimate },
      role: 'coordinator',
    };
    if (isNews)
      await store.audit.append(
        { event: 'reservation-refused', actor: 'gateway', subject: 'coordinator', detail },
        now,
      );
    return null;
  }
  const { id } = reply;
  const written = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) =>
        log.error(failureFields(error), 'a call could not be settled; all that it reserved counts'),
    );
  return {
    settle(reported) {
      const used = usedTokens(reported, estimate);
      const cost = believable(reported?.cost ?? null, MOST_DOLLARS);
      const micros = cost === null ? costOf(price, used) : Math.ceil(cost * MICROS_PER_DOLLAR);
      return written(store.budget.settle(id, { model, ...used, micros, at: clock.now() }));
    },
    release: () => written(store.budget.release(id)),
  };
}

function usedTokens(
  reported: ReportedUsage | null,
  estimate: RequestEstimate,
): RequestEstimate & { readonly estimated: boolean } {
  const inputTokens = believable(reported?.inputTokens ?? null, MOST_TOKENS);
  const outputTokens = believable(reported?.outputTokens ?? null, MOST_TOKENS);
  if (inputTokens !== null && outputTokens !== null)
    return { inputTokens: Math.ceil(inputTokens), outputTokens: Math.ceil(outputTokens), estimated: false };
  const seconds = believable(reported?.seconds ?? null, MOST_TOKENS / HEARD_PER_SECOND);
  if (seconds === null) return { ...estimate, estimated: true };
  return { ...estimate, inputTokens: Math.ceil(seconds * HEARD_PER_SECOND), estimated: true };
}

/** Zero is not: a call that was answered used something. */
function believable(figure: number | null, most: number): number | null {
  return figure !== null && figure > 0 && figure <= most ? figure : null;
}
