import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AuditEvent,
  type BudgetPlan,
  type Clock,
  type GatewayStore,
  type Log,
  type Model,
  signToken,
  type TaskId,
  UNCAPPED,
} from '@reeve/core';
import { createGateway, DEFAULT_GATEWAY_LIMITS, type GatewayLimits } from '../index.ts';
import { type CountedCall, createMemoryBudget, type MemoryBudget } from './memory-budget.ts';

const HOUR_S = 3600;

/** A gateway on a Unix socket of its own, with everything that a test wants to look at. */
export interface GatewayBench {
  readonly socketPath: string;
  readonly coordinatorModel: Model;
  readonly budget: MemoryBudget;
  readonly usage: CountedCall[];
  readonly audit: AuditEvent[];
  readonly logged: string[];
  /** Tasks whose attempt counts as current. */
  readonly current: Map<TaskId, number>;
  coordinatorToken(expiresInS?: number): string;
  taskToken(task: TaskId, attempt: number): string;
  close(): Promise<void>;
}

const systemClock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? { signal } : undefined),
};

/** Waits in milliseconds, short enough for tests. */
const QUICK_LIMITS: GatewayLimits = { ...DEFAULT_GATEWAY_LIMITS, firstWaitMs: 5, longestWaitMs: 300 };

export async function openGatewayBench(options: {
  coordinator: Model;
  executor?: Model;
  fallback?: Model;
  limits?: Partial<GatewayLimits>;
  plan?: BudgetPlan;
  /** Real records instead of those in memory. */
  records?: GatewayStore['budget'];
}): Promise<GatewayBench> {
  const folder = await mkdtemp(join(tmpdir(), 'reeve-gateway-'));
  const socketPath = join(folder, 'gateway.sock');
  const tokenKey = new Uint8Array(32).fill(7);
  const budget = createMemoryBudget();
  const audit: AuditEvent[] = [];
  const current = new Map<TaskId, number>([['T-1', 1]]);
  const logged: string[] = [];
  const store: GatewayStore = {
    budget: options.records ?? budget.records,
    permits: {
      get: async () => null,
      consume: async () => false,
      settle: async () => undefined,
      abandonOpenUses: async () => 0,
    },
    network: { openedHosts: async () => [], openedRepositories: async () => [] },
    audit: {
      async append(event) {
        audit.push(event);
        return { sequence: audit.length, body: '', subject: event.subject, previousHash: '', hash: '' };
      },
    },
    isCurrentAttempt: async (task, attempt) => current.get(task) === attempt,
  };
  const write = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const gateway = createGateway({
    models: () => ({
      coordinator: { name: 'own', model: options.coordinator },
      executor: { name: 'own', model: options.executor ?? options.coordinator },
      fallback: options.fallback ? { name: 'other', model: options.fallback } : null,
      vision: null,
    }),
    budget: () => options.plan ?? UNCAPPED,
    store,
    tokenKey,
    clock: systemClock,
    log,
    limits: { ...QUICK_LIMITS, ...options.limits },
  });
  const listener = await gateway.listen({ socketPath });
  const expires = (inS: number) => Math.floor(Date.now() / 1000) + inS;
  return {
    socketPath,
    coordinatorModel: gateway.coordinatorModel,
    budget,
    usage: budget.settled,
    audit,
    logged,
    current,
    coordinatorToken: (inS = HOUR_S) => signToken({ role: 'coordinator', expires: expires(inS) }, tokenKey),
    taskToken: (task, attempt) =>
      signToken({ role: 'task', task, attempt, capabilities: [], expires: expires(HOUR_S) }, tokenKey),
    async close() {
      await listener.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
