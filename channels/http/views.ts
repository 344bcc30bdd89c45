import { z } from '@hono/zod-openapi';
import {
  APPROVAL_STATES,
  type Approval,
  type CapView,
  type ChatMessage,
  type Conversation,
  type Message,
  MICROS_PER_DOLLAR,
  type ModelExchange,
  SCHEDULE_STATES,
  type ScheduleView,
  type StatusView,
  sandboxLevelSchema,
  shorten,
  TASK_STATES,
  type Task,
  type TaskFile,
  type ThreadSummary,
  type TurnRound,
  type UsageShare,
} from '@reeve/core';
import { argumentsSchema, originViewSchema, stepViewSchema } from './step-view.ts';

const moment = z.iso.datetime();
const OPENING_GRAPHEMES = 80;
export const taskViewSchema = z
  .strictObject({
    id: z.string(),
    title: z.string(),
    goal: z.string(),
    state: z.enum(TASK_STATES),
    waitingFor: z.enum(['approval', 'input', 'budget']).nullable(),
    activity: z.string(),
    attempt: z.number().int(),
    steps: z.number().int(),
    turnId: z.string(),
    origin: originViewSchema,
    capabilities: z.array(z.string()),
    outcome: z
      .strictObject({
        kind: z.string(),
        summary: z.string(),
        evidence: z.array(z.number().int()),
        verdict: z.enum(['proved', 'unverified', 'denied', 'refused']).nullable(),
        failure: z.string().nullable(),
      })
      .nullable(),
    createdAt: moment,
    startedAt: moment.nullable(),
    endedAt: moment.nullable(),
  })
  .openapi('Task');

export const approvalViewSchema = z
  .strictObject({
    code: z.string(),
    task: z.string().nullable(),
    tool: z.string(),
    arguments: argumentsSchema,
    digest: z.string(),
    question: z.enum(['permission', 'outcome']),
    tier: z.enum(['read', 'change', 'destructive']),
    reason: z.string(),
    state: z.enum(APPROVAL_STATES),
    askedAt: moment,
    expiresAt: moment,
    decidedAt: moment.nullable(),
    decidedBy: z.string().nullable(),
    scope: z.enum(['once', 'task', 'always']).nullable(),
    note: z.string().nullable(),
  })
  .openapi('Approval');

const capSchema = z
  .strictObject({ tokens: z.number().int().nullable(), usd: z.number().nullable() })
  .openapi('Cap');
const spentSchema = z.strictObject({ tokens: z.number().int(), usd: z.number() }).openapi('Spent');

const usageViewSchema = z
  .strictObject({
    role: z.enum(['coordinator', 'executor']),
    model: z.string(),
    calls: z.number().int(),
    estimatedCalls: z.number().int(),
    unpricedCalls: z.number().int(),
    inputTokens: z.number().int(),
    outputTokens: z.number().int(),
    usd: z.number(),
  })
  .openapi('Usage');

export const taskDetailSchema = taskViewSchema
  .extend({
    stepList: z.array(stepViewSchema),
    approvals: z.array(approvalViewSchema),
    /** What walls its commands had; null before its first attempt. */
    sandbox: sandboxLevelSchema.nullable(),
    usage: z.strictObject({ spent: spentSchema, cap: capSchema, byModel: z.array(usageViewSchema) }),
  })
  .openapi('TaskDetail');

export const messageViewSchema = z
  .strictObject({
    sequence: z.number().int(),
    turnId: z.string().nullable(),
    taskId: z.string().nullable(),
    role: z.enum(['user', 'assistant', 'event']),
    text: z.string(),
    attachments: z.array(z.string()),
    at: moment,
  })
  .openapi('Message');

export const conversationViewSchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    channel: z.string(),
    createdAt: moment,
    /** What people call it; null until somebody names it. */
    title: z.string().nullable(),
    /** The first words in it. */
    opening: z.string().nullable(),
    lastAt: moment.nullable(),
  })
  .openapi('Conversation');

const periodSchema = z.strictObject({ of: z.string(), spent: spentSchema, cap: capSchema });

export const scheduleViewSchema = z
  .strictObject({
    id: z.string(),
    title: z.string(),
    goal: z.string(),
    when: z.string().openapi({ example: 'every Monday at 09:00, Europe/Paris' }),
    rule: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('cron'), expression: z.string() }),
      z.strictObject({ kind: z.literal('once'), at: moment }),
    ]),
    timeZone: z.string(),
    state: z.enum(SCHEDULE_STATES),
    nextAt: moment.nullable(),
    lastAt: moment.nullable(),
    lastTask: z.string().nullable(),
    origin: originViewSchema,
    /** The task whose worker asked for it; null when a person typed it. */
    askedBy: z.string().nullable(),
    createdAt: moment,
  })
  .openapi('Schedule');

export const statusViewSchema = z
  .strictObject({
    limit: z.number().int(),
    running: z.array(taskViewSchema),
    waiting: z.array(taskViewSchema),
    queued: z.array(taskViewSchema),
    paused: z.array(taskViewSchema),
    approvals: z.array(approvalViewSchema),
    scheduled: z.array(scheduleViewSchema),
    answering: z.array(z.strictObject({ conversationId: z.string(), since: moment })),
    today: z.strictObject({
      finished: z.number().int(),
      failed: z.number().int(),
      modelCalls: z.number().int(),
      inputTokens: z.number().int(),
      outputTokens: z.number().int(),
    }),
    spending: z.strictObject({
      day: periodSchema,
      month: periodSchema,
      byRoleAndModel: z.array(usageViewSchema),
      topTasks: z.array(
        z.strictObject({
          task: z.string(),
          calls: z.number().int(),
          tokens: z.number().int(),
          usd: z.number(),
        }),
      ),
      unpricedModels: z.array(z.string()),
    }),
    trouble: z.array(z.string()),
    model: z.string(),
    webSearch: z.string(),
    hearing: z.string(),
    speaking: z.string(),
  })
  .openapi('Status');

export const fileViewSchema = z
  .strictObject({ path: z.string(), bytes: z.number().int(), sha256: z.string(), modifiedAt: moment })
  .openapi('File');

/** Problem details (RFC 9457) with the failure catalogue's code. */
export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    retryable: z.boolean(),
  })
  .openapi('Problem');

export function taskView(task: Task): z.infer<typeof taskViewSchema> {
  const { id, title, goal, state, waitingFor, activity, attempt, steps, turnId, origin } = task;
  const outcome = task.outcome && {
    kind: task.outcome.kind,
    summary: task.outcome.summary,
    evidence: [...task.outcome.evidence],
    verdict: task.outcome.verdict ?? null,
    failure: task.outcome.failure ?? null,
  };
  const times = {
    createdAt: task.createdAt.toISOString(),
    startedAt: task.startedAt?.toISOString() ?? null,
    endedAt: task.endedAt?.toISOString() ?? null,
  };
  return {
    id,
    title,
    goal,
    state,
    waitingFor,
    activity,
    attempt,
    steps,
    turnId,
    origin,
    capabilities: [...task.capabilities],
    outcome,
    ...times,
  };
}

/** A task's usage, for its detail. */
export function taskUsageView(usage: TaskFile['usage']): z.infer<typeof taskDetailSchema>['usage'] {
  return { ...capView(usage), byModel: usage.shares.map(usageView) };
}

function capView({ spent, cap }: CapView): {
  spent: z.infer<typeof spentSchema>;
  cap: z.infer<typeof capSchema>;
} {
  return {
    spent: { tokens: spent.tokens, usd: dollarsOf(spent.micros) },
    cap: { tokens: cap.tokens, usd: cap.micros === null ? null : dollarsOf(cap.micros) },
  };
}

function usageView(share: UsageShare): z.infer<typeof usageViewSchema> {
  const { task: _task, micros, ...figures } = share;
  return { ...figures, usd: dollarsOf(micros) };
}

function dollarsOf(micros: number): number {
  return micros / MICROS_PER_DOLLAR;
}

export function approvalView(approval: Approval): z.infer<typeof approvalViewSchema> {
  const { code, digest, question, tier, reason, state, decidedBy, scope, note, call } = approval;
  return {
    code,
    task: call.task,
    tool: call.tool,
    arguments: structuredClone(call.arguments) as Record<string, z.core.util.JSONType>,
    digest,
    question,
    tier,
    reason,
    state,
    askedAt: approval.askedAt.toISOString(),
    expiresAt: approval.expiresAt.toISOString(),
    decidedAt: approval.decidedAt?.toISOString() ?? null,
    decidedBy,
    scope,
    note,
  };
}

export function messageView(message: Message): z.infer<typeof messageViewSchema> {
  const { sequence, turnId, taskId, role, text, attachments } = message;
  return {
    sequence,
    turnId,
    taskId,
    role,
    text,
    attachments: [...attachments],
    at: message.at.toISOString(),
  };
}

/** A conversation with its summary, when the channel has one. */
export function conversationView(
  conversation: Conversation,
  summary: ThreadSummary | undefined,
): z.infer<typeof conversationViewSchema> {
  return {
    id: conversation.id,
    name: conversation.chat.externalId,
    channel: conversation.chat.channel,
    createdAt: conversation.createdAt.toISOString(),
    title: summary?.title ?? null,
    opening: summary?.opening ? shorten(summary.opening, OPENING_GRAPHEMES) : null,
    lastAt: summary?.lastAt.toISOString() ?? null,
  };
}

export function scheduleView({ schedule, when }: ScheduleView): z.infer<typeof scheduleViewSchema> {
  const { id, title, goal, rule, timeZone, state, nextAt, lastAt, lastTask, origin, task, createdAt } =
    schedule;
  return {
    id,
    title,
    goal,
    when,
    rule: rule.kind === 'cron' ? rule : { kind: 'once', at: rule.at.toISOString() },
    timeZone,
    state,
    nextAt: nextAt?.toISOString() ?? null,
    lastAt: lastAt?.toISOString() ?? null,
    lastTask,
    origin,
    askedBy: task,
    createdAt: createdAt.toISOString(),
  };
}

export function statusView(status: StatusView): z.infer<typeof statusViewSchema> {
  const { limit, running, waiting, queued, paused, approvals, scheduled, answering, today, trouble } = status;
  const { model, webSearch, hearing, speaking } = status;
  const { day, month, shares, topTasks, unpricedModels } = status.spending;
  return {
    limit,
    running: running.map(taskView),
    waiting: waiting.map(taskView),
    queued: queued.map(taskView),
    paused: paused.map(taskView),
    approvals: approvals.map(approvalView),
    scheduled: scheduled.map(scheduleView),
    answering: answering.map(({ conversationId, since }) => ({ conversationId, since: since.toISOString() })),
    today: { ...today },
    spending: {
      day: { of: day.of, ...capView(day) },
      month: { of: month.of, ...capView(month) },
      byRoleAndModel: shares.map(usageView),
      topTasks: topTasks.map(({ task, calls, inputTokens, outputTokens, micros }) => ({
        task,
        calls,
        tokens: inputTokens + outputTokens,
        usd: dollarsOf(micros),
      })),
      unpricedModels: [...unpricedModels],
    },
    trouble: [...trouble],
    model,
    webSearch,
    hearing,
    speaking,
  };
}

export const auditCheckSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('intact'), entries: z.number().int(), head: z.string() }),
    z.strictObject({ kind: z.literal('broken'), sequence: z.number().int(), reason: z.string() }),
  ])
  .openapi('AuditCheck');

export const turnViewSchema = z
  .strictObject({
    id: z.string(),
    rounds: z.array(
      z.strictObject({
        round: z.number().int(),
        text: z.string(),
        toolCalls: z.array(z.strictObject({ id: z.string(), name: z.string(), arguments: z.string() })),
        results: z.array(z.strictObject({ callId: z.string(), content: z.string() })),
        tasks: z.array(z.string()),
      }),
    ),
    /** Model calls exactly as they were made; those of old turns are forgotten. */
    calls: z.array(
      z.strictObject({
        at: moment,
        durationMs: z.number(),
        model: z.string(),
        inputTokens: z.number().nullable(),
        outputTokens: z.number().nullable(),
        messages: z.array(z.strictObject({ role: z.string(), content: z.string() })),
        tools: z.array(z.string()),
        /** The request's messages and tools as JSON, byte for byte as they were put together. */
        prompt: z.string(),
      }),
    ),
  })
  .openapi('Turn');

function callView({ at, durationMs, prompt, answer }: ModelExchange): TurnCallView {
  return {
    at: at.toISOString(),
    durationMs,
    model: answer.model,
    inputTokens: answer.usage?.inputTokens ?? null,
    outputTokens: answer.usage?.outputTokens ?? null,
    messages: prompt.messages.map((message) => ({ role: message.role, content: wordsOf(message) })),
    tools: prompt.tools.map((tool) => tool.function.name),
    prompt: JSON.stringify(prompt),
  };
}

type TurnCallView = z.infer<typeof turnViewSchema>['calls'][number];

function wordsOf(message: ChatMessage): string {
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  const { content } = message;
  const words = typeof content === 'string' ? content : JSON.stringify(content ?? '');
  return [words, ...calls.map((call) => `${call.function.name} ${call.function.arguments}`)]
    .join('\n')
    .trim();
}

export function turnView(
  id: string,
  rounds: readonly TurnRound[],
  exchanges: readonly ModelExchange[],
): z.infer<typeof turnViewSchema> {
  return {
    id,
    calls: exchanges.map(callView),
    rounds: rounds.map(({ round, text, toolCalls, results, tasks }) => ({
      round,
      text,
      toolCalls: toolCalls.map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: call.function.arguments,
      })),
      results: results.map((result) => ({ ...result })),
      tasks: [...tasks],
    })),
  };
}
