import { type BudgetPlan, type HostPort, type QuietHours, type SandboxLimits, UNCAPPED } from '@reeve/core';

/** What composition decides once for a coordinator; durations in milliseconds. */
export interface CoordinatorSettings {
  /** Executors started ahead, not yet told which task they will do. */
  readonly warmExecutors: number;
  /** From a task's creation to its end, waiting for people included; longer than an approval lives. */
  readonly taskDeadlineMs: number;
  /** The longest that one executor may work on a task without a break. */
  readonly attemptLimitMs: number;
  readonly executorLimits: SandboxLimits;
  /** True when executors cannot outlive the coordinator, as with local processes. */
  readonly executorsDieWithCoordinator: boolean;
  /** Whether workers can search the web, and in words how, or what to set. */
  readonly webSearch: { readonly isOn: boolean; readonly summary: string };
  /** Private addresses that the operator has exempted; what is read there is no text for everybody. */
  readonly privateHosts: readonly HostPort[];
  /** Whether voice notes are listened to and answers read out, and in words by whom, or what to set. */
  readonly speech: Readonly<
    Record<'hearing' | 'speaking', { readonly isOn: boolean; readonly summary: string }>
  >;
  /** Longest file a person or a task may store, in bytes. */
  readonly fileLimitBytes: number;
}

/** What the owner may change while the coordinator runs; read anew whenever it is needed, never kept. */
export interface LiveSettings {
  /** Tasks that run at the same time. */
  readonly parallelTasks: number;
  /** How long an executor is kept while its task waits for a person, before its slot is freed; in milliseconds. */
  readonly holdMs: number;
  /** IANA name; clocks and cards speak in it. */
  readonly timeZone: string;
  readonly quietHours: QuietHours | undefined;
  /** Tokens of a conversation's prompt, tools and answer included; older words beyond become notes. */
  readonly contextTokens: number;
  /** Whether a model that sees images is set. */
  readonly canSee: boolean;
  /** What becomes of an answer that is being written when its reader writes again. */
  readonly whileAnswering: 'queue' | 'stop';
  /** Whether an answer is shown while it is written. */
  readonly streaming: boolean;
  /** What the owner wants to be called; undefined: by the name that their channel gives. */
  readonly ownerName: string | undefined;
  /** `auto`, or the name of a language. */
  readonly language: string;
  /** `plain`, `warm`, `brief`, or the owner's words. */
  readonly tone: string;
  /** How the model is set, in words for `/status`. */
  readonly modelSummary: string;
  /** The caps and prices that the gateway enforces and counts with, for questions and `/status`. */
  readonly budget: BudgetPlan;
}

/** What composition knows of how Reeve is reached; read anew each time. */
export interface Reach {
  /** Whether a real model answers, not the stand-in. */
  readonly hasModel: boolean;
  /** How far the set-up of Telegram has come, in words; null without a bot. */
  readonly telegram: { readonly isPaired: boolean; readonly summary: string } | null;
}

export const DEFAULT_COORDINATOR_SETTINGS = {
  warmExecutors: 1,
  taskDeadlineMs: 14 * 24 * 60 * 60 * 1000,
  attemptLimitMs: 60 * 60 * 1000,
  executorLimits: { memoryBytes: 1024 ** 3, scratchBytes: 2 * 1024 ** 3, processes: 256, cpuPercent: 100 },
  fileLimitBytes: 25 * 1024 * 1024,
} as const;

export const DEFAULT_LIVE_SETTINGS = {
  parallelTasks: 5,
  holdMs: 15_000,
  timeZone: 'UTC',
  quietHours: undefined,
  contextTokens: 24_000,
  canSee: false,
  whileAnswering: 'queue',
  streaming: true,
  ownerName: undefined,
  language: 'auto',
  tone: 'plain',
  budget: UNCAPPED,
} as const satisfies Partial<LiveSettings>;
