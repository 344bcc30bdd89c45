import type { Approval, Clock, InboxEntry, Log, SpendingView, Step, Task } from '@reeve/core';

/** The time at which every sample happens. */
export const NOW = new Date('2026-11-21T14:00:00.000Z');

export function later(milliseconds: number): Date {
  return new Date(NOW.getTime() + milliseconds);
}

const NOTHING = { spent: { tokens: 0, micros: 0 }, cap: { tokens: null, micros: null } };

export function sampleSpending(more: Partial<SpendingView> = {}): SpendingView {
  return {
    day: { of: '2026-11-21', ...NOTHING },
    month: { of: '2026-11', ...NOTHING },
    shares: [],
    topTasks: [],
    unpricedModels: [],
    ...more,
  };
}

/** What a worker asks for who wants a job to start by itself. */
export const sampleScheduling = {
  task: 'T-3',
  callId: 's1.1',
  tool: 'schedule.create',
  arguments: {
    title: 'A list of primes',
    goal: 'Make a list of 20 primes',
    when: 'every Monday at 09:00, Europe/Berlin',
    rule: '0 9 * * 1',
    timeZone: 'Europe/Berlin',
  },
} as const;

export function sampleTask(more: Partial<Task> = {}): Task {
  return {
    id: 'T-3',
    conversationId: 'c',
    turnId: 'turn',
    title: 'Make a CSV',
    goal: 'Make a CSV of the first 20 primes',
    origin: { kind: 'owner', person: 'Ada' },
    capabilities: [],
    state: 'running',
    waitingFor: null,
    attempt: 1,
    dispatch: 1,
    enqueued: false,
    crashes: 0,
    leaseUntil: later(4000),
    sandbox: null,
    priority: 3,
    activity: '',
    steps: 0,
    outcome: null,
    createdAt: later(-20_000),
    startedAt: later(-12_000),
    endedAt: null,
    deadline: later(3_600_000),
    version: 1,
    ...more,
  };
}

export function sampleApproval(more: Partial<Approval> = {}): Approval {
  return {
    code: 'A7K2',
    conversationId: 'c',
    call: {
      task: 'T-3',
      callId: 's1.1',
      tool: 'files.delete',
      arguments: { path: 'reports/may.csv', bytes: 61, sha256: 'ab12' },
    },
    digest: 'digest',
    question: 'permission',
    tier: 'destructive',
    origin: { kind: 'owner', person: 'Ada' },
    reason: 'you asked for it',
    state: 'pending',
    askedAt: NOW,
    expiresAt: later(300_000),
    decidedAt: null,
    decidedBy: null,
    scope: null,
    note: null,
    ...more,
  };
}

export function resultStep(seq: number, activity: string, ok = true): Step {
  const body = {
    kind: 'result',
    callId: `c${seq}`,
    tool: 'shell.run',
    ok,
    content: '',
    activity,
    durationMs: 5,
  } as const;
  return { seq, attempt: 1, at: NOW.toISOString(), body };
}

export function sampleEntry(text: string, more: Partial<InboxEntry> = {}): InboxEntry {
  return {
    id: 'turn',
    conversationId: 'c',
    chat: { channel: 'http', externalId: 'main' },
    updateId: 'u',
    sender: { externalId: 'owner', name: 'Ada' },
    lane: 'turn',
    text,
    attachments: [],
    tries: 0,
    receivedAt: NOW,
    ...more,
  };
}

export interface ManualClock extends Clock {
  /** Moves time on and ends the sleeps that are over. */
  advance(milliseconds: number): Promise<void>;
  readonly sleeping: number;
}

/** A clock that stands still until it is moved. */
export function createManualClock(): ManualClock {
  let now = NOW.getTime();
  const sleepers = new Set<{ until: number; wake: () => void }>();
  return {
    now: () => new Date(now),
    get sleeping() {
      return sleepers.size;
    },
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { until: now + milliseconds, wake: resolve };
        sleepers.add(sleeper);
        const leave = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        if (signal?.aborted) leave();
        signal?.addEventListener('abort', leave, { once: true });
      }),
    async advance(milliseconds) {
      now += milliseconds;
      for (const sleeper of sleepers) {
        if (sleeper.until > now) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
      await settled();
    },
  };
}

/** Lets everything run that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export interface KeptLog extends Log {
  readonly lines: readonly string[];
}

export function createKeptLog(): KeptLog {
  const lines: string[] = [];
  const keep = (_fields: object, message: string) => void lines.push(message);
  return { lines, debug: keep, info: keep, warn: keep, error: keep };
}
