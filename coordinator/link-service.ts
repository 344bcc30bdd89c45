import {
  type AppendRequest,
  allows,
  type Clock,
  type DeclareReply,
  type DeclareRequest,
  type EffectReply,
  type FinishRequest,
  isLive,
  LEASE_MS,
  type LinkReply,
  type ObjectStore,
  parseAll,
  parseDrivePath,
  type StepBody,
  type Store,
  type StoredFile,
  type Task,
  type TaskClaims,
  type TaskOutcome,
} from '@reeve/core';
import type { Drive } from './drive.ts';
import type { EffectDesk } from './effect-desk.ts';
import type { TaskCards } from './task-cards.ts';
import type { TaskLedger } from './task-ledger.ts';

/** What the task link does, without its transport; every call is made by an executor whose token was verified. */
export interface LinkService {
  append(claims: TaskClaims, request: AppendRequest): Promise<LinkReply>;
  declare(claims: TaskClaims, request: DeclareRequest): Promise<DeclareReply>;
  finish(claims: TaskClaims, request: FinishRequest): Promise<LinkReply>;
  /** False when the attempt no longer holds the task. */
  renew(claims: TaskClaims): Promise<boolean>;
  listFiles(
    claims: TaskClaims,
    prefix: string,
  ): Promise<{ files: StoredFile[]; truncated: boolean } | 'denied'>;
  openFile(claims: TaskClaims, path: string): ReturnType<Drive['open']>;
  putFile(
    claims: TaskClaims,
    callId: string,
    permit: string,
    content: AsyncIterable<Uint8Array>,
  ): Promise<EffectReply>;
  deleteFile(claims: TaskClaims, callId: string, permit: string): Promise<EffectReply>;
  saveScratch(claims: TaskClaims, seq: number, content: AsyncIterable<Uint8Array>): Promise<LinkReply>;
  openScratch(claims: TaskClaims): Promise<AsyncIterable<Uint8Array> | null>;
}

const LIST_LIMIT = 1000;

export interface LinkServiceDeps {
  readonly store: Store;
  readonly objects: ObjectStore;
  readonly ledger: TaskLedger;
  readonly effects: EffectDesk;
  readonly drive: Drive;
  readonly cards: TaskCards;
  readonly clock: Clock;
  readonly scratchLimitBytes: number;
}

export function createLinkService(deps: LinkServiceDeps): LinkService {
  const { store, ledger, clock, drive } = deps;

  async function held(claims: TaskClaims): Promise<Task | null> {
    const task = await store.tasks.get(claims.task);
    return task && isLive(task) && task.attempt === claims.attempt && task.leaseUntil !== null ? task : null;
  }

  return {
    async append(claims, request) {
      const step = {
        seq: request.seq,
        attempt: claims.attempt,
        at: clock.now().toISOString(),
        body: request.body,
      };
      const outcome = await store.steps.append(claims.task, step, activityOf(request.body));
      if (outcome === 'stale' || outcome === 'out-of-order')
        return { kind: 'stale', reason: `step ${request.seq} is ${outcome}` };
      deps.cards.touch(claims.task);
      return { kind: 'ok' };
    },

    async declare(claims, request) {
      const task = await held(claims);
      return task ? deps.effects.declare(task, request) : STALE;
    },

    async finish(claims, request) {
      const task = await held(claims);
      if (!task) return STALE;
      const actor = `executor:${task.id}`;
      if (request.outcome === 'released') {
        const move = await ledger.change(task.id, { kind: 'released' }, actor);
        return move.kind === 'moved' ? { kind: 'ok' } : { kind: 'stale', reason: move.reason };
      }
      const move = await ledger.change(
        task.id,
        { kind: 'finished', outcome: await outcomeOf(request, task) },
        actor,
      );
      if (move.kind === 'refused') return { kind: 'stale', reason: move.reason };
      for (const key of await store.steps.pruneSnapshots(task.id, 'none')) await deps.objects.delete(key);
      return { kind: 'ok' };
    },

    renew: (claims) =>
      store.tasks.renewLease(claims.task, claims.attempt, new Date(clock.now().getTime() + LEASE_MS)),

    async listFiles(claims, prefix) {
      if (
        !parseAll(claims.capabilities).some(
          (capability) => capability.scheme === 'file' && capability.actions.includes('list'),
        )
      )
        return 'denied';
      const files = await store.files.list(prefix, LIST_LIMIT + 1);
      return { files: files.slice(0, LIST_LIMIT), truncated: files.length > LIST_LIMIT };
    },

    async openFile(claims, path) {
      const task = await held(claims);
      const parsed = parseDrivePath(path);
      if (
        !task ||
        parsed.kind === 'refused' ||
        !allows(parseAll(task.capabilities), 'file', `drive/${parsed.path}`, 'read')
      )
        return { kind: 'failed', failure: { code: 'file-unknown', about: path } };
      return drive.open(parsed.path);
    },

    putFile: async (claims, callId, permit, content) =>
      (await held(claims)) ? drive.put(permit, { task: claims.task, callId }, content) : STALE,

    deleteFile: async (claims, callId, permit) =>
      (await held(claims)) ? drive.remove(permit, { task: claims.task, callId }) : STALE,

    async saveScratch(claims, seq, content) {
      const task = await store.tasks.get(claims.task);
      if (!task || !isLive(task) || task.attempt !== claims.attempt) return STALE;
      const key = `scratch/${claims.task}/${claims.attempt}-${seq}-${clock.now().getTime()}.tar`;
      await deps.objects.put(key, content, { limitBytes: deps.scratchLimitBytes });
      await store.steps.recordSnapshot(claims.task, seq, key, clock.now());
      for (const old of await store.steps.pruneSnapshots(claims.task, 'newest'))
        await deps.objects.delete(old);
      return { kind: 'ok' };
    },

    async openScratch(claims) {
      const snapshot = await store.steps.newestSnapshot(claims.task);
      return snapshot ? deps.objects.get(snapshot.key) : null;
    },
  };

  /** Evidence counts only where a recorded step says so: steps that do not exist or did not succeed are dropped. */
  async function outcomeOf(request: FinishRequest, task: Task): Promise<TaskOutcome> {
    const good = new Set(
      (await store.steps.list(task.id))
        .filter((step) => step.body.kind === 'result' && step.body.ok)
        .map((step) => step.seq),
    );
    const evidence = request.evidence.filter((seq) => good.has(seq));
    const failure = request.failure === null ? {} : { failure: request.failure };
    return {
      kind: request.outcome === 'succeeded' ? 'succeeded' : 'failed',
      summary: request.summary,
      evidence,
      ...failure,
    };
  }
}

const STALE = { kind: 'stale', reason: 'another attempt holds the task, or it is over' } as const;

/** One plain line for the card; null leaves the line as it is. */
function activityOf(body: StepBody): string | null {
  switch (body.kind) {
    case 'result':
      return body.activity;
    case 'intent':
      return INTENT_LINES[body.tool] ?? `using ${body.tool}`;
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
  clock: 'reading the clock',
  calculator: 'calculating',
};
