import {
  type AppendRequest,
  type Clock,
  DENIED,
  type DeclareReply,
  type DeclareRequest,
  type EffectReply,
  type FinishRequest,
  isEffectTool,
  LEASE_MS,
  type LinkReply,
  NOT_DONE,
  type Step,
  type StepBody,
  type Store,
  shorten,
  type Task,
  type TaskClaims,
  type TaskOutcome,
} from '@reeve/core';
import type { BudgetDesk } from './budget-desk.ts';
import type { DriveEffects } from './drive-effects.ts';
import type { EffectDesk } from './effect-desk.ts';
import type { LinkFiles } from './link-files.ts';
import type { NetworkEffects } from './network-effects.ts';
import { createPaces } from './paces.ts';
import type { ScheduleEffects } from './schedules/schedule-effects.ts';
import { holds, type TaskLedger } from './task-ledger.ts';

/** What the task link does, without its transport; every call is made by an executor whose token was verified. */
export interface LinkService {
  append(claims: TaskClaims, request: AppendRequest): Promise<LinkReply>;
  declare(claims: TaskClaims, request: DeclareRequest): Promise<DeclareReply>;
  finish(claims: TaskClaims, request: FinishRequest): Promise<LinkReply>;
  /** False when the attempt no longer holds the task. */
  renew(claims: TaskClaims): Promise<boolean>;
  openFile(claims: TaskClaims, path: string): ReturnType<LinkFiles['open']>;
  putFile(
    claims: TaskClaims,
    effect: { callId: string; permit: string },
    content: AsyncIterable<Uint8Array>,
  ): Promise<EffectReply>;
  deleteFile(claims: TaskClaims, effect: { callId: string; permit: string }): Promise<EffectReply>;
  openHost(claims: TaskClaims, effect: { callId: string; permit: string }): Promise<EffectReply>;
  createSchedule(claims: TaskClaims, effect: { callId: string; permit: string }): Promise<EffectReply>;
  readonly files: LinkFiles;
}

export interface LinkServiceDeps {
  readonly store: Store;
  readonly ledger: TaskLedger;
  readonly effects: EffectDesk;
  readonly driveEffects: DriveEffects;
  readonly networkEffects: NetworkEffects;
  readonly scheduleEffects: ScheduleEffects;
  readonly files: LinkFiles;
  readonly budgets: Pick<BudgetDesk, 'park'>;
  readonly onStepped: (task: Task['id']) => void;
  readonly clock: Clock;
}

/** Of the steps of one task: what a worker may write at once, and each second from then on. A task of days writes a few MB. */
const STEP_CHARACTERS = { burst: 64 * 1024 * 1024, perSecond: 64 * 1024, patienceMs: 60_000 };

export function createLinkService(deps: LinkServiceDeps): LinkService {
  const { store, clock, driveEffects, files } = deps;
  const pace = createPaces(STEP_CHARACTERS, clock);

  async function held(claims: TaskClaims): Promise<Task | null> {
    const task = await store.tasks.get(claims.task);
    return holds(task, claims.attempt) ? task : null;
  }

  return {
    files,
    async append(claims, request) {
      if ((await pace.turn(claims.task, JSON.stringify(request.body).length)) === 'too-long')
        return { kind: 'stale', reason: `${claims.task} writes more than a task may` };
      const step = {
        seq: request.seq,
        attempt: claims.attempt,
        at: clock.now().toISOString(),
        body: request.body,
      };
      const outcome = await store.steps.append(claims.task, step, activityOf(request.body));
      if (outcome === 'stale' || outcome === 'out-of-order')
        return { kind: 'stale', reason: `step ${request.seq} is ${outcome}` };
      deps.onStepped(claims.task);
      return { kind: 'ok' };
    },
    async declare(claims, request) {
      const task = await held(claims);
      return task ? deps.effects.declare(task, request) : STALE;
    },
    async finish(claims, request) {
      const task = await held(claims);
      return task ? finish(deps, task, request) : STALE;
    },
    renew: (claims) =>
      store.tasks.renewLease(claims.task, claims.attempt, new Date(clock.now().getTime() + LEASE_MS)),
    openFile: async (claims, path) => files.open(await held(claims), path),
    putFile: async (claims, effect, content) =>
      (await held(claims))
        ? driveEffects.put({ ...effect, task: claims.task, attempt: claims.attempt }, content)
        : STALE,
    openHost: async (claims, effect) =>
      (await held(claims))
        ? deps.networkEffects.open({ ...effect, task: claims.task, attempt: claims.attempt })
        : STALE,
    createSchedule: async (claims, effect) =>
      (await held(claims))
        ? deps.scheduleEffects.create({ ...effect, task: claims.task, attempt: claims.attempt })
        : STALE,
    deleteFile: async (claims, effect) =>
      (await held(claims))
        ? driveEffects.remove({ ...effect, task: claims.task, attempt: claims.attempt })
        : STALE,
  };
}

async function finish(deps: LinkServiceDeps, task: Task, request: FinishRequest): Promise<LinkReply> {
  const actor = `executor:${task.id}`;
  if (request.outcome === 'released' && request.failure === 'budget-exhausted') {
    if ((await deps.budgets.park(task)) === 'ended') return { kind: 'ok' };
  }
  const event =
    request.outcome === 'released'
      ? ({ kind: 'released' } as const)
      : ({ kind: 'finished', outcome: await outcomeOf(deps.store, request, task) } as const);
  const move = await deps.ledger.change(task.id, event, actor);
  return move.kind === 'refused' ? { kind: 'stale', reason: move.reason } : { kind: 'ok' };
}

/** Evidence counts only where a recorded step says so: steps that do not exist or did not succeed are dropped. */
async function outcomeOf(store: Store, request: FinishRequest, task: Task): Promise<TaskOutcome> {
  const steps = await store.steps.list(task.id);
  const good = new Set(steps.flatMap(({ seq, body }) => (body.kind === 'result' && body.ok ? [seq] : [])));
  const evidence = request.evidence.filter((seq) => good.has(seq));
  const summary = boundedSummary(request.summary);
  if (request.outcome === 'succeeded')
    return { kind: 'succeeded', summary, evidence, verdict: verdictOf(steps, evidence) };
  return {
    kind: 'failed',
    summary,
    evidence,
    ...(request.failure === null ? {} : { failure: request.failure }),
  };
}

/** “Done” only where a step proves it and nobody stood in the way of the only effects it wanted. */
function verdictOf(steps: readonly Step[], evidence: readonly number[]): NonNullable<TaskOutcome['verdict']> {
  const effects = steps.flatMap(({ body }) =>
    body.kind === 'result' && isEffectTool(body.tool) ? [body] : [],
  );
  const wasDenied = effects.some((body) => !body.ok && body.content.startsWith(DENIED));
  const wasRefused = effects.some((body) => !body.ok && body.content.startsWith(NOT_DONE));
  if (!effects.some((body) => body.ok)) {
    if (wasDenied) return 'denied';
    if (wasRefused) return 'refused';
  }
  return evidence.length === 0 ? 'unverified' : 'proved';
}

/** A worker's words go into the chat and into every later context of the model. */
function boundedSummary(summary: string): string {
  if (summary.length <= SUMMARY_LIMIT) return summary;
  const left = summary.length - SUMMARY_LIMIT;
  return `${summary.slice(0, SUMMARY_LIMIT).toWellFormed()}… (${left} more characters were left out)`;
}

const SUMMARY_LIMIT = 20_000;
const ACTIVITY_LIMIT = 200;
const STALE = { kind: 'stale', reason: 'another attempt holds the task, or it is over' } as const;

/** One plain line for the card; null leaves the line as it is. */
function activityOf(body: StepBody): string | null {
  switch (body.kind) {
    case 'result':
      return shorten(body.activity, ACTIVITY_LIMIT);
    case 'intent':
      return INTENT_LINES[body.tool] ?? `using ${shorten(body.tool, 60)}`;
    case 'note':
      return 'reading your note';
    case 'model':
      return body.toolCalls.length === 0 ? 'writing its answer' : null;
  }
}

const INTENT_LINES: Readonly<Record<string, string>> = {
  'shell.run': 'running a command',
  'file.read': 'reading a scratch file',
  'file.write': 'writing a scratch file',
  'file.list': 'looking through its scratch files',
  'files.list': 'looking through your files',
  'files.get': 'fetching one of your files',
  'files.put': 'storing a file',
  'files.delete': 'deleting a file',
  'http.fetch': 'making a request',
  'network.open': 'opening a host to its commands',
  'git.open': 'opening a repository to its Git',
  'git.push': 'pushing',
  'schedule.create': 'asking to schedule a job',
  'web.search': 'searching the web',
  clock: 'reading the clock',
  calculator: 'calculating',
};
