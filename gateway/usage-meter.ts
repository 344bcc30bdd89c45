import {
  type Amount,
  type BudgetPlan,
  BYTES_PER_TOKEN,
  type ChatChunk,
  type ChatRequest,
  type Clock,
  costOf,
  estimateRequest,
  type GatewayStore,
  imageSlack,
  ModelError,
  type ModelRole,
  periodOf,
  priceOf,
  type RequestEstimate,
  type Reservation,
  type Settlement,
  type TaskId,
  type TokenUsage,
} from '@reeve/core';
import { believableUsage, brokenUsage, bytesOf } from './believable-usage.ts';
import type { ModelLine } from './model-line.ts';
import type { Settling } from './settling.ts';

/** Reserves what a call may come to and counts what it came to. */
export interface UsageMeter {
  /**
   * Reserves the most that the call may come to, at the price of the dearest model that may answer. What ended before
   * is settled first, where the database takes it, so that one caller's calls in a row do not stand in each other's way. Calls under way hold more than
   * most of them come to: where a cap leaves no room beside them, one is waited for, a worker's call longer than a chat's.
   *
   * @throws {ModelError} `budget-exhausted` when a cap leaves no room; nothing is reserved then. The reason of `gone` when
   * nobody waits any more.
   */
  begin(call: {
    task: TaskId | null;
    request: ChatRequest;
    line: ModelLine;
    gone: AbortSignal;
  }): Promise<CallMeter>;
}

export interface CallMeter {
  /** Which model answers; the role's own until said otherwise. */
  answeredBy(which: 'own' | 'fallback'): void;
  count(chunk: ChatChunk): void;
  /** The provider's figures once it has given them and if they can be true, else an estimate of what it did until now. */
  usage(): TokenUsage;
  /** Turns the reservation into a record of what the call came to; once. Without it the whole reservation stands. */
  settle(): void;
  /** Gives the reservation back: the provider refused, nothing was used. What was counted all the same is settled. Once. */
  release(): void;
}

export interface UsageMeterDeps {
  readonly store: Pick<GatewayStore, 'budget' | 'audit'>;
  readonly plan: () => BudgetPlan;
  readonly clock: Clock;
  readonly settling: Settling;
}

/** How long a call waits for others under way to give back what they hold, in milliseconds; a person waits for an answer. */
const PATIENCE = { task: 300_000, coordinator: 2_000 } as const;

/** Calls that others count (speech) end without a word to this meter. */
const LOOK_MS = 2000;

export function createUsageMeter(deps: UsageMeterDeps): UsageMeter {
  const { clock, settling } = deps;
  let nextEnd = Promise.withResolvers<void>();

  async function reserveInTime(call: MeteredCall, gone: AbortSignal): Promise<string> {
    const until = clock.now().getTime() + (call.task === null ? PATIENCE.coordinator : PATIENCE.task);
    for (;;) {
      await settling.triedOnce();
      const someEnd = nextEnd.promise;
      const id = await reserve(deps, call);
      settling.tryNow();
      if (id !== null) return id;
      const left = until - clock.now().getTime();
      if (left <= 0)
        throw new ModelError('budget-exhausted', 'calls under way may need what is left of the budget', {
          retryable: true,
        });
      await endOrTime(someEnd, Math.min(left, LOOK_MS), gone);
    }
  }

  async function endOrTime(someEnd: Promise<void>, limitMs: number, gone: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const time = clock.sleep(limitMs, AbortSignal.any([enough.signal, gone])).catch(() => undefined);
    await Promise.race([someEnd, time]);
    enough.abort();
    gone.throwIfAborted();
  }

  function inBackground(work: () => Promise<unknown>, fields: object): void {
    const writeAndTell = async () => {
      await work();
      nextEnd.resolve();
      nextEnd = Promise.withResolvers();
    };
    void settling.write(writeAndTell, fields);
  }

  return {
    async begin({ task, request, line, gone }) {
      const estimate = estimateRequest(request);
      const call = {
        task,
        role: request.role,
        line,
        plan: deps.plan(),
        estimate,
        imageSlack: imageSlack(request),
      };
      const id = await reserveInTime(call, gone);
      return meterOf(deps, { ...call, id }, inBackground);
    },
  };
}

/** A call as its budget sees it; line and plan stay what they were when it began. */
interface MeteredCall {
  readonly task: TaskId | null;
  readonly role: ModelRole;
  readonly line: ModelLine;
  readonly plan: BudgetPlan;
  readonly estimate: RequestEstimate;
  readonly imageSlack: number;
}

/** Null while only calls under way stand in the way. */
async function reserve(deps: UsageMeterDeps, call: MeteredCall): Promise<string | null> {
  const { store } = deps;
  const { task, role, line, plan, estimate } = call;
  const now = deps.clock.now();
  const reservation: Reservation = {
    task,
    role,
    model: line.own.name,
    ...estimate,
    micros: highestCost(call, estimate),
    ...periodOf(now, plan.timeZone),
    at: now,
    slack: slackOf(call),
  };
  const reply = await store.budget.reserve(reservation, plan.caps);
  if (reply.kind === 'reserved') return reply.id;
  if (reply.kind === 'held') return null;
  const { cap, spent, isNews } = reply;
  if (isNews) {
    const detail = { cap: cap.kind, of: cap.of, spent: { ...spent }, needed: { ...estimate }, role };
    const event = { event: 'reservation-refused', actor: 'gateway', subject: task ?? 'coordinator', detail };
    await store.audit.append(event, now);
  }
  throw new ModelError('budget-exhausted', `the budget of the ${cap.kind} ${cap.of} leaves no room`, {
    retryable: false,
  });
}

/** No tokenizer makes more tokens of a prompt than it has bytes, of which its estimate is a share; images come on top. */
function slackOf(call: MeteredCall): Amount {
  const { inputTokens, outputTokens } = call.estimate;
  const most = { inputTokens: inputTokens * BYTES_PER_TOKEN + call.imageSlack, outputTokens };
  const micros = (highestCost(call, most) ?? 0) - (highestCost(call, call.estimate) ?? 0);
  return { tokens: most.inputTokens - inputTokens, micros };
}

/** Null when no model that may answer has a price. */
function highestCost({ plan, line }: MeteredCall, estimate: RequestEstimate): number | null {
  const models = line.fallback === null ? [line.own] : [line.own, line.fallback];
  const costs = models.flatMap(({ name }) => costOf(priceOf(plan.prices, name), estimate) ?? []);
  return costs.length === 0 ? null : Math.max(...costs);
}

function meterOf(
  deps: UsageMeterDeps,
  call: MeteredCall & { readonly id: string },
  inBackground: (work: () => Promise<unknown>, fields: object) => void,
): CallMeter {
  const { store, clock } = deps;
  const { line, plan } = call;
  const since = clock.now().getTime();
  let outputBytes = 0;
  let end: Extract<ChatChunk, { kind: 'end' }> | null = null;
  let configuredName = line.own.name;
  let isOver = false;
  const usage = (): TokenUsage =>
    end === null
      ? brokenUsage(call.estimate, outputBytes, clock.now().getTime() - since)
      : believableUsage(end.usage, call.estimate, outputBytes, call.imageSlack);

  function settlement(): Settlement {
    const used = usage();
    const model = end?.model || configuredName;
    const micros = costOf(priceOf(plan.prices, configuredName, model), used);
    return { model, ...used, micros, at: clock.now() };
  }

  const settle = () => {
    if (isOver) return;
    isOver = true;
    const settled = settlement();
    inBackground(() => store.budget.settle(call.id, settled), { call: call.id, ...settled });
  };

  return {
    answeredBy(which) {
      if (which === 'fallback' && line.fallback !== null) configuredName = line.fallback.name;
    },
    count(chunk) {
      if (chunk.kind === 'end') end = chunk;
      else outputBytes += bytesOf(chunk);
    },
    usage,
    settle,
    release() {
      if (outputBytes > 0) return settle();
      if (isOver) return;
      isOver = true;
      inBackground(() => store.budget.release(call.id), { call: call.id });
    },
  };
}
