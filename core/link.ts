import * as z from 'zod/mini';
import { chatToolSchema, toolCallSchema } from './model.ts';
import { originSchema } from './origin.ts';

const positive = z.int().check(z.positive());
const text = (shortest: number, longest: number) =>
  z.string().check(z.minLength(shortest), z.maxLength(longest));

/**
 * The task link: everything an executor says to the coordinator (contracts.md). HTTP over a Unix socket locally,
 * mTLS in the cluster. All bodies are JSON except file content, which is streamed. Written in zod's small form, as all
 * schemas are that an executor needs for its first step: to load them takes 8 ms of its start instead of 23.
 *
 * | request | body → answer |
 * |---|---|
 * | `POST /attach` | `attachRequestSchema` → 200 `assignmentSchema`, 204 nothing yet (ask again), 410 slot gone |
 * | `POST /append` | `appendRequestSchema` → 200 `linkReplySchema` |
 * | `POST /declare` | `declareRequestSchema` → 200 `declareReplySchema` |
 * | `POST /control` | streams `beat` lines up, `controlMessageSchema` lines down; the lease |
 * | `POST /finish` | `finishRequestSchema` → 200 `linkReplySchema` |
 * | `GET /files?prefix=` | → 200 `fileListSchema` |
 * | `GET /files/content?path=` | → 200 bytes, 404 |
 * | `PUT /files/content?permit=&call=` | bytes → 200 `effectReplySchema` |
 * | `POST /files/delete` | `performRequestSchema` → 200 `effectReplySchema` |
 * | `POST /network/open` | `performRequestSchema` → 200 `effectReplySchema` |
 * | `POST /schedules` | `performRequestSchema` → 200 `effectReplySchema` |
 * | `PUT /scratch?seq=` / `GET /scratch` | a tar of the scratch directory |
 *
 * Every request but `attach` carries `Authorization: Bearer <task token>`; 401 and 409 end the executor.
 */
export const stepBodySchema = z.discriminatedUnion('kind', [
  /** What the model answered: text, calls, tokens. */
  z.strictObject({
    kind: z.literal('model'),
    text: z.string(),
    toolCalls: z.array(toolCallSchema),
    usage: z.nullable(
      z.strictObject({ inputTokens: z.number(), outputTokens: z.number(), estimated: z.boolean() }),
    ),
    model: z.string(),
  }),
  /** Written before a call runs. */
  z.strictObject({
    kind: z.literal('intent'),
    callId: z.string(),
    tool: z.string(),
    arguments: z.record(z.string(), z.json()),
  }),
  /** Written after it. `content` is what the model reads; `activity` is one line for people. */
  z.strictObject({
    kind: z.literal('result'),
    callId: z.string(),
    tool: z.string(),
    ok: z.boolean(),
    content: z.string(),
    activity: z.string(),
    durationMs: z.number(),
  }),
  /** Something told to the model from outside its own calls: a steer by the owner, a restart, the loop breaker. */
  z.strictObject({
    kind: z.literal('note'),
    text: z.string(),
    origin: originSchema,
    input: z.nullable(z.string()),
  }),
]);

export const stepSchema = z.strictObject({
  seq: positive,
  attempt: positive,
  at: z.iso.datetime(),
  body: stepBodySchema,
});

export type StepBody = z.infer<typeof stepBodySchema>;
export type Step = z.infer<typeof stepSchema>;

export const attachRequestSchema = z.strictObject({ ticket: text(16, 256) });

/** Words for a running task from the person, such as a reply to its card. */
export const taskInputSchema = z.strictObject({ id: z.string(), text: z.string(), origin: originSchema });

export const assignmentSchema = z.strictObject({
  token: z.string(),
  task: z.strictObject({
    id: z.templateLiteral(['T-', positive]),
    title: z.string(),
    goal: z.string(),
    origin: originSchema,
    capabilities: z.array(z.string()),
    deadline: z.iso.datetime(),
    timeZone: z.string(),
  }),
  attempt: positive,
  steps: z.array(stepSchema),
  inputs: z.array(taskInputSchema),
  /** What its model is offered (`executorTools`); other tools do not exist for it. */
  tools: z.array(chatToolSchema),
  /** What `secret:NAME` may name, and the hosts that each may go to; never a value. */
  secrets: z.array(z.strictObject({ name: z.string(), hosts: z.array(z.string()) })),
  /** Sequence number of the step after which the newest scratch snapshot was taken; null when there is none. */
  snapshot: z.nullable(z.int()),
});

export const appendRequestSchema = z.strictObject({
  attempt: positive,
  seq: positive,
  body: stepBodySchema,
});

export const linkReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ok') }),
  /** Another attempt holds the task, or it is over: this executor must end. */
  z.strictObject({ kind: z.literal('stale'), reason: z.string() }),
]);

export const declareRequestSchema = z.strictObject({
  attempt: positive,
  callId: text(1, 256),
  tool: text(1, 64),
  arguments: z.record(z.string(), z.json()),
  reason: text(0, 2000),
});

export const declareReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('allow'), permit: z.string() }),
  /** Wait for a `decision` on the control stream, then declare again. */
  z.strictObject({ kind: z.literal('ask'), approval: z.string() }),
  z.strictObject({ kind: z.literal('deny'), reason: z.string() }),
  /** It has run already under this permit; this is what came of it. */
  z.strictObject({ kind: z.literal('settled'), ok: z.boolean(), content: z.string() }),
  z.strictObject({ kind: z.literal('stale'), reason: z.string() }),
]);

export const controlMessageSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('beat') }),
  z.strictObject({ kind: z.literal('cancel') }),
  z.strictObject({ kind: z.literal('pause') }),
  z.strictObject({ kind: z.literal('steer'), input: taskInputSchema }),
  z.strictObject({
    kind: z.literal('decision'),
    approval: z.string(),
    approved: z.boolean(),
    note: z.nullable(z.string()),
  }),
  /** The hold for an answer is over: snapshot the scratch directory and end. */
  z.strictObject({ kind: z.literal('release') }),
]);

export const finishRequestSchema = z.strictObject({
  attempt: positive,
  outcome: z.enum(['succeeded', 'failed', 'released']),
  summary: z.string(),
  evidence: z.array(positive),
  failure: z.nullable(z.string()),
});

export const fileEntrySchema = z.strictObject({
  path: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  modifiedAt: z.iso.datetime(),
});

export const fileListSchema = z.strictObject({ files: z.array(fileEntrySchema), truncated: z.boolean() });
export const performRequestSchema = z.strictObject({
  attempt: positive,
  callId: z.string(),
  permit: z.string(),
});

export const effectReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('done'), content: z.string() }),
  z.strictObject({ kind: z.literal('refused'), reason: z.string() }),
  z.strictObject({ kind: z.literal('stale'), reason: z.string() }),
]);

export type TaskInput = z.infer<typeof taskInputSchema>;
export type Assignment = z.infer<typeof assignmentSchema>;
export type AppendRequest = z.infer<typeof appendRequestSchema>;
export type LinkReply = z.infer<typeof linkReplySchema>;
export type DeclareRequest = z.infer<typeof declareRequestSchema>;
export type DeclareReply = z.infer<typeof declareReplySchema>;
export type ControlMessage = z.infer<typeof controlMessageSchema>;
export type FinishRequest = z.infer<typeof finishRequestSchema>;
export type FileEntry = z.infer<typeof fileEntrySchema>;
export type PerformRequest = z.infer<typeof performRequestSchema>;
export type EffectReply = z.infer<typeof effectReplySchema>;

/** An executor beats this often on its control stream; its lease ends this long after the last beat. */
export const BEAT_INTERVAL_MS = 1000;
export const LEASE_MS = 4000;
/** An attach that finds no task is answered after this long, so that the executor asks again. */
export const ATTACH_POLL_MS = 25_000;
/** How a declaration's denial begins, as the model reads it: final, not to be tried another way round. */
export const DENIED = 'DENIED';
/** How the result of an effect begins that was permitted and then refused, by the gateway or the coordinator. */
export const NOT_DONE = 'Not done: ';
/** How the answer begins of a person who wants a call changed and declared anew. */
export const CHANGE_WANTED = 'CHANGE WANTED';
