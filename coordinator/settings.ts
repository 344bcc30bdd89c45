import { type BudgetPlan, type SandboxLimits, UNCAPPED } from '@reeve/core';

/** What composition decides for a coordinator; durations in milliseconds. */
export interface CoordinatorSettings {
  /** Tasks that run at the same time. */
  readonly parallelTasks: number;
  /** Executors started ahead, not yet told which task they will do. */
  readonly warmExecutors: number;
  /** How long an executor is kept while its task waits for a person, before its slot is freed. */
  readonly holdMs: number;
  /** From a task's creation to its end, waiting for people included; longer than an approval lives. */
  readonly taskDeadlineMs: number;
  /** The longest that one executor may work on a task without a break. */
  readonly attemptLimitMs: number;
  /** IANA name; clocks and cards speak in it. */
  readonly timeZone: string;
  readonly executorLimits: SandboxLimits;
  /** True when executors cannot outlive the coordinator, as with local processes. */
  readonly executorsDieWithCoordinator: boolean;
  /** Tokens of a conversation's prompt, tools and answer included; older words beyond become notes. */
  readonly contextTokens: number;
  /** Whether a model that sees images is set. */
  readonly canSee: boolean;
  /** What becomes of an answer that is being written when its reader writes again. */
  readonly whileAnswering: 'queue' | 'stop';
  /** How the model is set, in words for `/status`. */
  readonly modelSummary: string;
  /** The caps and prices that the gateway enforces and counts with, for questions and `/status`. */
  readonly budget: BudgetPlan;
  /** Whether workers can search the web, and in words how, or what to set. */
  readonly webSearch: { readonly isOn: boolean; readonly summary: string };
  /** Longest file a person or a task may store, in bytes. */
  readonly fileLimitBytes: number;
}

export const DEFAULT_COORDINATOR_SETTINGS = {
  parallelTasks: 5,
  warmExecutors: 1,
  holdMs: 15_000,
  taskDeadlineMs: 14 * 24 * 60 * 60 * 1000,
  attemptLimitMs: 60 * 60 * 1000,
  executorLimits: { memoryBytes: 1024 ** 3, scratchBytes: 2 * 1024 ** 3, processes: 256, cpuPercent: 100 },
  contextTokens: 24_000,
  canSee: false,
  whileAnswering: 'queue',
  fileLimitBytes: 25 * 1024 * 1024,
  budget: UNCAPPED,
} as const;
