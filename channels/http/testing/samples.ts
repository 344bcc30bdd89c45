import type { Approval, Schedule, ScheduleView, Task } from '@reeve/core';

const NOON = new Date('2026-11-21T12:00:00.000Z');

export function sampleTask(patch: Partial<Task> = {}): Task {
  return {
    id: 'T-1',
    conversationId: 'conversation-main',
    turnId: 'turn-1',
    title: 'Make a CSV',
    goal: 'Make a CSV of the first 20 primes',
    origin: { kind: 'owner', person: 'owner' },
    capabilities: ['shell:scratch:run'],
    state: 'running',
    waitingFor: null,
    attempt: 1,
    dispatch: 1,
    enqueued: false,
    crashes: 0,
    leaseUntil: null,
    sandbox: null,
    priority: 3,
    activity: 'running a command',
    steps: 2,
    outcome: null,
    createdAt: NOON,
    startedAt: NOON,
    endedAt: null,
    deadline: new Date('2026-11-21T13:00:00.000Z'),
    version: 1,
    ...patch,
  };
}

export function sampleApproval(patch: Partial<Approval> = {}): Approval {
  return {
    code: 'A7K2',
    conversationId: 'conversation-main',
    call: {
      task: 'T-1',
      callId: 'call-1',
      tool: 'files.delete',
      arguments: { path: 'T-1/primes.csv', bytes: 61 },
    },
    digest: 'd'.repeat(64),
    question: 'permission',
    tier: 'destructive',
    origin: { kind: 'owner', person: 'owner' },
    reason: 'you asked for it',
    state: 'pending',
    askedAt: NOON,
    expiresAt: new Date('2026-11-28T12:00:00.000Z'),
    decidedAt: null,
    decidedBy: null,
    scope: null,
    note: null,
    ...patch,
  };
}

export function sampleSchedule(patch: Partial<Schedule> = {}): ScheduleView {
  const schedule: Schedule = {
    id: 'S-1',
    conversationId: 'conversation-main',
    turnId: 'turn-1',
    title: 'Make a CSV',
    goal: 'Make a CSV of the first 20 primes',
    rule: { kind: 'cron', expression: '0 9 * * 1' },
    timeZone: 'UTC',
    origin: { kind: 'owner', person: 'owner' },
    madeBy: { channel: 'http', externalId: 'owner' },
    task: null,
    request: 'turn-1',
    state: 'active',
    nextAt: new Date('2026-11-23T09:00:00.000Z'),
    lastAt: null,
    lastTask: null,
    skips: 0,
    createdAt: NOON,
    version: 1,
    ...patch,
  };
  return { schedule, when: 'every Monday at 09:00, UTC' };
}
