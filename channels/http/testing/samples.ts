import type { Approval, Schedule, ScheduleView, Task } from '@reeve/core';
import { sampleSchedule as standingSchedule } from '@reeve/core/testing';

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
  const schedule = standingSchedule({
    conversationId: 'conversation-main',
    origin: { kind: 'owner', person: 'owner' },
    createdAt: NOON,
    ...patch,
  });
  return { schedule, when: 'every Monday at 09:00, UTC' };
}
