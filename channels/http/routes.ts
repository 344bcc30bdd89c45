import { createRoute, z } from '@hono/zod-openapi';
import { TASK_STATES } from '@reeve/core';
import {
  approvalViewSchema,
  auditCheckSchema,
  conversationViewSchema,
  fileViewSchema,
  messageViewSchema,
  problemSchema,
  scheduleViewSchema,
  statusViewSchema,
  taskDetailSchema,
  taskViewSchema,
} from './views.ts';

export const security = [{ token: [] }];
export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
export const problems = {
  default: {
    description: 'What failed, what was not done, what to do next',
    content: { 'application/problem+json': { schema: problemSchema } },
  },
};
export const limit = z.coerce.number().int().min(1).max(200).default(50);
export const conversation = z
  .string()
  .min(1, 'a name is needed')
  .max(200, 'a name has at most 200 characters')
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}/\\]*$/u, 'a name has no slashes and no control characters')
  .openapi({ description: 'A name that the client chooses, such as “main”.', example: 'main' });

export const getHealth = createRoute({
  method: 'get',
  path: '/healthz',
  summary: 'Is Reeve up? Needs no token.',
  responses: { 200: json(z.strictObject({ status: z.literal('ok'), version: z.string() }), 'It is up') },
});

export const postMessage = createRoute({
  method: 'post',
  path: '/v1/conversations/{conversation}/messages',
  summary: 'Send a message. Answered once it is stored; the reply comes as events.',
  security,
  request: {
    params: z.object({ conversation }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            text: z.string(),
            attachments: z
              .array(z.string().max(1024))
              .max(20)
              .default([])
              .openapi({ description: 'Paths from POST /v1/uploads.' }),
            clientId: z
              .string()
              .min(1)
              .max(200)
              .optional()
              .openapi({ description: 'The same id again is the same message: it is stored once.' }),
            replyTo: z.string().min(1).max(200).optional().openapi({
              description: 'Key of the card or id of the message it replies to.',
              example: 'task:T-3',
            }),
          }),
        },
      },
    },
  },
  responses: {
    202: json(
      z.strictObject({ turnId: z.string(), conversationId: z.string(), duplicate: z.boolean() }),
      'Stored; events about it carry the turnId',
    ),
    ...problems,
  },
});

export const getEvents = createRoute({
  method: 'get',
  path: '/v1/events',
  summary:
    'Messages, cards and drafts as server-sent events. Resumes after `Last-Event-ID` or `after`; without either, only what comes next.',
  security,
  request: {
    query: z.object({
      conversation: conversation.optional(),
      own: z
        .enum(['true', 'false'])
        .default('false')
        .openapi({ description: 'Also what people said, and titles of conversations.' }),
      after: z.coerce
        .number('must be the number of an event')
        .int('must be the number of an event')
        .min(0, 'must be the number of an event')
        .optional(),
    }),
  },
  responses: {
    200: {
      description: 'A stream; each `data:` is one Event',
      content: { 'text/event-stream': { schema: z.string() } },
    },
    ...problems,
  },
});

export const listConversations = createRoute({
  method: 'get',
  path: '/v1/conversations',
  summary: 'Every conversation, of all channels.',
  security,
  responses: {
    200: json(z.strictObject({ conversations: z.array(conversationViewSchema) }), 'Conversations'),
    ...problems,
  },
});

export const listMessages = createRoute({
  method: 'get',
  path: '/v1/conversations/{conversation}/messages',
  summary: 'What was said, newest page first; `before` is a sequence number.',
  security,
  request: {
    params: z.object({ conversation }),
    query: z.object({ before: z.coerce.number().int().positive().optional(), limit }),
  },
  responses: {
    200: json(z.strictObject({ messages: z.array(messageViewSchema) }), 'Messages, oldest first'),
    ...problems,
  },
});

export const getMe = createRoute({
  method: 'get',
  path: '/v1/me',
  summary: 'Who makes this call: the owner, or a member whom the owner has admitted.',
  security,
  responses: {
    200: json(
      z.strictObject({ id: z.string(), name: z.string(), role: z.enum(['owner', 'member']) }),
      'The person',
    ),
    ...problems,
  },
});

export const getStatus = createRoute({
  method: 'get',
  path: '/v1/status',
  summary: 'What runs, what waits for a person, what is queued, the last 24 hours, and today’s spending.',
  security,
  responses: { 200: json(statusViewSchema, 'Status'), ...problems },
});

export const checkAudit = createRoute({
  method: 'get',
  path: '/v1/audit/check',
  summary: 'Read the whole audit chain and recompute every hash.',
  security,
  responses: { 200: json(auditCheckSchema, 'Intact, or the first broken entry'), ...problems },
});

export const listTasks = createRoute({
  method: 'get',
  path: '/v1/tasks',
  summary: 'Tasks, newest first.',
  security,
  request: { query: z.object({ state: z.enum(TASK_STATES).optional(), limit }) },
  responses: { 200: json(z.strictObject({ tasks: z.array(taskViewSchema) }), 'Tasks'), ...problems },
});

const taskParams = z.object({ task: z.string().openapi({ example: 'T-3' }) });

export const getTask = createRoute({
  method: 'get',
  path: '/v1/tasks/{task}',
  summary: 'A task with its steps, the questions it asked and what it has used of its cap.',
  security,
  request: { params: taskParams },
  responses: { 200: json(taskDetailSchema, 'The task'), ...problems },
});

export const cancelTask = createRoute({
  method: 'post',
  path: '/v1/tasks/{task}/cancel',
  summary: 'End a task now, with every process it started.',
  security,
  request: { params: taskParams },
  responses: { 200: json(taskViewSchema, 'The task as it is now'), ...problems },
});

export const listSchedules = createRoute({
  method: 'get',
  path: '/v1/schedules',
  summary: 'Jobs that start by themselves and have not ended. Made and changed with a `/schedule` message.',
  security,
  responses: {
    200: json(z.strictObject({ schedules: z.array(scheduleViewSchema) }), 'Schedules, oldest first'),
    ...problems,
  },
});

export const listApprovals = createRoute({
  method: 'get',
  path: '/v1/approvals',
  summary: 'Questions that wait for an answer.',
  security,
  responses: {
    200: json(z.strictObject({ approvals: z.array(approvalViewSchema) }), 'Questions'),
    ...problems,
  },
});

const approvalParams = z.object({ code: z.string().openapi({ example: 'A7K2' }) });

export const getApproval = createRoute({
  method: 'get',
  path: '/v1/approvals/{code}',
  summary: 'One question, answered or not.',
  security,
  request: { params: approvalParams },
  responses: { 200: json(approvalViewSchema, 'The question'), ...problems },
});

export const decideApproval = createRoute({
  method: 'post',
  path: '/v1/approvals/{code}/decision',
  summary:
    'Answer a question. The first answer wins; a yes to something destructive counts once. `happened` answers an `outcome`, `edit` sends it back with a `note` of what to change.',
  security,
  request: {
    params: approvalParams,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            decision: z.enum(['approve', 'deny', 'edit', 'happened']),
            scope: z.enum(['once', 'task', 'always']).default('once'),
            note: z.string().max(2000).optional(),
          }),
        },
      },
    },
  },
  responses: { 200: json(z.strictObject({ sentence: z.string() }), 'Decided'), ...problems },
});

export const postChoice = createRoute({
  method: 'post',
  path: '/v1/choices',
  summary: 'Tap one of the answers that a card offers (an action of kind `choose`).',
  security,
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({ card: z.string().min(1).max(200), option: z.string().min(1).max(300) }),
        },
      },
    },
  },
  responses: { 200: json(z.strictObject({ sentence: z.string() }), 'Taken'), ...problems },
});

export const listFiles = createRoute({
  method: 'get',
  path: '/v1/files',
  summary: 'The owner’s files.',
  security,
  request: { query: z.object({ prefix: z.string().max(1024).default('') }) },
  responses: { 200: json(z.strictObject({ files: z.array(fileViewSchema) }), 'Files'), ...problems },
});

export const downloadFile = createRoute({
  method: 'get',
  path: '/v1/files/{path}',
  summary: 'Download a file. The path may hold slashes, percent-encoded or not.',
  security,
  request: { params: z.object({ path: z.string().openapi({ example: 'T-1/primes.csv' }) }) },
  responses: {
    200: {
      description: 'Its bytes',
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    ...problems,
  },
});

export const uploadFile = createRoute({
  method: 'post',
  path: '/v1/uploads',
  summary: 'Store a file to attach to a message: the raw bytes as the body, up to 25 MB.',
  security,
  request: {
    query: z.object({ name: z.string().min(1).max(255) }),
    body: {
      required: true,
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
  responses: { 201: json(fileViewSchema, 'Stored; a taken name got a number'), ...problems },
});
