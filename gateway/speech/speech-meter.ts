import {
  type Amount,
  type BudgetPlan,
  type Clock,
  costOf,
  type GatewayStore,
  MICROS_PER_DOLLAR,
  type ModelPrice,
  periodOf,
  priceOf,
  type RequestEstimate,
} from '@reeve/core';
import type { Settling } from '../settling.ts';
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
/**
 * How far a provider's figure may lie from the estimate: a recording without packing has sixteen times the bytes of a voice
 * note, and chat models bring instructions of their own. Two dollars are more than three hours of listening cost.
 */
const LEAST_SHARE = 1 / 100;
const MOST_TIMES = 20;
const PROVIDER_EXTRA = 1000;
const MOST_DOLLARS = 2;

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
  readonly settling: Settling;
}

/** How long a call waits for others under way to give back what they hold, in milliseconds: a person waits for it. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 500;

/** What a call may be counted as beyond its estimate. */
function slackOf(price: ModelPrice | null, { inputTokens, outputTokens }: RequestEstimate): Amount {
  const most = { inputTokens: mostTokens(inputTokens), outputTokens: mostTokens(outputTokens) };
  const cost = costOf(price, { inputTokens, outputTokens }) ?? 0;
  return {
    tokens: most.inputTokens + most.outputTokens - inputTokens - outputTokens,
    micros: Math.max(MOST_DOLLARS * MICROS_PER_DOLLAR, costOf(price, most) ?? 0) - cost,
  };
}

/**
 * Reserves under the caps of day and month; null when one of them leaves no room. Where only calls under way stand in the
 * way, it waits for them.
 */
export async function reserveSpeech(
  deps: SpeechMeterDeps,
  model: string,
  estimate: RequestEstimate,
): Promise<SpeechReservation | null> {
  const { store, clock, settling } = deps;
  const plan = deps.plan();
  const price = priceOf(plan.prices, model);
  const until = clock.now().getTime() + PATIENCE_MS;
  const reserve = () => {
    const at = clock.now();
    const period = periodOf(at, plan.timeZone);
    const claim = { task: null, role: 'coordinator', model, ...estimate, ...period, at } as const;
    const amounts = { micros: costOf(price, estimate) ?? 0, slack: slackOf(price, estimate) };
    return store.budget.reserve({ ...claim, ...amounts }, plan.caps);
  };
  let reply = await reserve();
  while (reply.kind === 'held' && clock.now().getTime() < until) {
    await clock.sleep(LOOK_MS);
    reply = await reserve();
  }
  if (reply.kind === 'held') return null;
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
        clock.now(),
      );
    return null;
  }
  const { id } = reply;
  return {
    settle(reported) {
      const used = usedTokens(reported, estimate);
      const cost = reported?.cost ?? 0;
      const isTrue = cost > 0 && cost <= MOST_DOLLARS;
      const micros = isTrue ? Math.ceil(cost * MICROS_PER_DOLLAR) : costOf(price, used);
      const settled = { model, ...used, micros, at: clock.now() };
      return settling.write(() => store.budget.settle(id, settled), { call: id, ...settled });
    },
    release: () => settling.write(() => store.budget.release(id), { call: id }),
  };
}

function usedTokens(
  reported: ReportedUsage | null,
  estimate: RequestEstimate,
): RequestEstimate & { readonly estimated: boolean } {
  const inputTokens = tokensNear(reported?.inputTokens ?? null, estimate.inputTokens);
  const outputTokens = tokensNear(reported?.outputTokens ?? null, estimate.outputTokens);
  if (inputTokens !== null && outputTokens !== null) return { inputTokens, outputTokens, estimated: false };
  const seconds = reported?.seconds ?? null;
  const heard = seconds === null ? null : tokensNear(seconds * HEARD_PER_SECOND, estimate.inputTokens);
  return { ...estimate, inputTokens: heard ?? estimate.inputTokens, estimated: true };
}

/** The figure in whole tokens; null when it cannot be true. */
function tokensNear(figure: number | null, estimate: number): number | null {
  if (figure === null || figure < LEAST_SHARE * estimate) return null;
  return figure <= mostTokens(estimate) ? Math.ceil(figure) : null;
}

function mostTokens(estimate: number): number {
  return MOST_TIMES * estimate + PROVIDER_EXTRA;
}
