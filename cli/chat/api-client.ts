import { setTimeout as sleepFor } from 'node:timers/promises';
import {
  approvalViewSchema,
  conversationViewSchema,
  fileViewSchema,
  messageViewSchema,
  statusViewSchema,
  taskDetailSchema,
  taskViewSchema,
} from '@reeve/channel-http';
import { z } from 'zod';
import { ApiUnreachable } from './api-error.ts';
import { type EventRequest, followEvents, type NumberedEvent } from './event-follower.ts';
import { createRequester } from './requester.ts';

export interface ApiClientOptions {
  /** Such as `http://127.0.0.1:7338`. */
  readonly url: string;
  readonly token: string;
  /** Waits between tries; rejects when the signal aborts. */
  readonly sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

export interface OutgoingMessage {
  readonly conversation: string;
  readonly text: string;
  /** Paths that `upload` returned. */
  readonly attachments: readonly string[];
  /** The same id again is the same message, so a send whose answer was lost is safely repeated. */
  readonly clientId: string;
}

const acceptedSchema = z.object({ turnId: z.string(), conversationId: z.string(), duplicate: z.boolean() });
const messagesSchema = z.object({ messages: z.array(messageViewSchema) });
const approvalsSchema = z.object({ approvals: z.array(approvalViewSchema) });
const conversationsSchema = z.object({ conversations: z.array(conversationViewSchema) });
const sentenceSchema = z.object({ sentence: z.string() });

export type MessageView = z.infer<typeof messageViewSchema>;
export type TaskDetail = z.infer<typeof taskDetailSchema>;

/**
 * The local HTTP API, typed. Every call rejects with `ApiProblem` when Reeve refuses (its message is the sentence for
 * the person), with `ApiUnreachable` when there is no Reeve at the address.
 */
export interface ApiClient {
  /** Resolves once the message is stored; repeated a few times, under the same client id, when no answer comes. */
  sendMessage(message: OutgoingMessage, signal?: AbortSignal): Promise<z.infer<typeof acceptedSchema>>;
  /** The newest messages, oldest first. Empty for a conversation that does not exist yet. */
  listMessages(conversation: string, limit: number): Promise<readonly MessageView[]>;
  listConversations(): Promise<z.infer<typeof conversationsSchema>['conversations']>;
  /** Messages, cards and drafts; reconnects and resumes by itself. Ends when the signal aborts. */
  events(request: EventRequest): AsyncGenerator<NumberedEvent>;
  decide(code: string, decision: 'once' | 'deny'): Promise<z.infer<typeof sentenceSchema>>;
  getApproval(code: string): Promise<z.infer<typeof approvalViewSchema>>;
  pendingApprovals(): Promise<z.infer<typeof approvalsSchema>['approvals']>;
  cancelTask(task: string): Promise<z.infer<typeof taskViewSchema>>;
  getTask(task: string): Promise<TaskDetail>;
  status(): Promise<z.infer<typeof statusViewSchema>>;
  upload(name: string, bytes: Uint8Array): Promise<z.infer<typeof fileViewSchema>>;
  download(path: string): Promise<Uint8Array>;
}

const SEND_TRIES = 6;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 2000;

/** Milliseconds to wait after the given number of failures in a row (from 1): 250, 500, 1000, then 2000. */
function waitAfter(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
}

/** Creates a client; nothing is sent before the first call. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const sleep =
    options.sleep ?? ((milliseconds, signal) => sleepFor(milliseconds, undefined, signal ? { signal } : {}));
  const request = createRequester(options);
  const get = async <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
    schema.parse(await (await request('GET', path)).json());
  const post = async <T>(path: string, body: unknown, schema: z.ZodType<T>, signal?: AbortSignal) =>
    schema.parse(await (await request('POST', path, { json: body, ...(signal ? { signal } : {}) })).json());

  return {
    async sendMessage({ conversation, ...message }, signal) {
      for (let failures = 0; ; ) {
        try {
          return await post(
            `/v1/conversations/${part(conversation)}/messages`,
            message,
            acceptedSchema,
            signal,
          );
        } catch (error) {
          failures += 1;
          if (!(error instanceof ApiUnreachable) || failures >= SEND_TRIES) throw error;
        }
        await sleep(waitAfter(failures), signal);
      }
    },
    async listMessages(conversation, limit) {
      const path = `/v1/conversations/${part(conversation)}/messages?limit=${limit}`;
      return (await get(path, messagesSchema)).messages;
    },
    listConversations: async () => (await get('/v1/conversations', conversationsSchema)).conversations,
    events: (wanted) => followEvents({ request, sleep, waitAfter }, wanted),
    decide(code, decision) {
      const body = decision === 'once' ? { decision: 'approve', scope: 'once' } : { decision: 'deny' };
      return post(`/v1/approvals/${part(code)}/decision`, body, sentenceSchema);
    },
    getApproval: (code) => get(`/v1/approvals/${part(code)}`, approvalViewSchema),
    pendingApprovals: async () => (await get('/v1/approvals', approvalsSchema)).approvals,
    cancelTask: (task) => post(`/v1/tasks/${part(task)}/cancel`, {}, taskViewSchema),
    getTask: (task) => get(`/v1/tasks/${part(task)}`, taskDetailSchema),
    status: () => get('/v1/status', statusViewSchema),
    async upload(name, bytes) {
      const answer = await request('POST', `/v1/uploads?name=${part(name)}`, { bytes });
      return fileViewSchema.parse(await answer.json());
    },
    async download(path) {
      return new Uint8Array(await (await request('GET', `/v1/files/${part(path)}`)).arrayBuffer());
    },
  };
}

function part(text: string): string {
  return encodeURIComponent(text);
}
