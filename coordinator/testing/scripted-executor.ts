import { createHash } from 'node:crypto';
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import {
  type Assignment,
  assignmentSchema,
  BEAT_INTERVAL_MS,
  type ControlMessage,
  controlMessageSchema,
  type FinishRequest,
  type StepBody,
} from '@reeve/core';
import { until } from './until.ts';

/** What a JSON answer of the link may hold; each kind holds some of it. */
export interface LinkBody {
  readonly kind: string;
  readonly approval: string;
  readonly reason: string;
  readonly content: string;
  readonly permit: string;
  readonly ok: boolean;
}

/** The body of an answer that is not JSON. */
export const NO_BODY: LinkBody = { kind: '', approval: '', reason: '', content: '', permit: '', ok: false };

export interface LinkAnswer {
  readonly status: number;
  readonly text: string;
  readonly body: LinkBody;
}

/** An executor that does on command what a real one does, or must not do, over the real task link. */
export interface ScriptedExecutor {
  readonly ticket: string;
  readonly signal: AbortSignal;
  readonly assignment: Assignment;
  /** What came down the control stream. */
  readonly heard: readonly ControlMessage[];
  attach(ticket?: string): Promise<LinkAnswer>;
  openControl(): void;
  stopBeating(): void;
  /** Ends the sending half of the control stream and leaves the other open. */
  halfCloseControl(): void;
  hear<Kind extends ControlMessage['kind']>(kind: Kind): Promise<Extract<ControlMessage, { kind: Kind }>>;
  append(body: StepBody, at?: { seq?: number; attempt?: number }): Promise<LinkAnswer>;
  result(activity: string, ok?: boolean): Promise<LinkAnswer>;
  declare(callId: string, tool: string, args: object): Promise<LinkAnswer>;
  declarePut(callId: string, path: string, content: string): Promise<LinkAnswer>;
  put(callId: string, permit: string, content: string | AsyncIterable<Uint8Array>): Promise<LinkAnswer>;
  remove(callId: string, permit: string): Promise<LinkAnswer>;
  createSchedule(callId: string, permit: string): Promise<LinkAnswer>;
  finish(more?: Partial<FinishRequest>): Promise<LinkAnswer>;
  call(method: string, path: string, body?: string | AsyncIterable<Uint8Array>): Promise<LinkAnswer>;
}

export function createScriptedExecutor(
  socketPath: string,
  ticket: string,
  signal: AbortSignal,
): ScriptedExecutor {
  const agent = new Agent({ keepAlive: true });
  signal.addEventListener('abort', () => agent.destroy(), { once: true });
  const heard: ControlMessage[] = [];
  let assignment: Assignment | null = null;
  let control: ClientRequest | null = null;
  let beating: NodeJS.Timeout | null = null;
  let nextSeq = 1;
  const mine = () => {
    if (!assignment) throw new Error('not attached');
    return assignment;
  };
  const options = (method: string, path: string) => ({
    socketPath,
    agent,
    method,
    path,
    signal,
    headers: { authorization: `Bearer ${assignment?.token ?? ''}` },
  });

  async function call(
    method: string,
    path: string,
    sent: string | AsyncIterable<Uint8Array> = '',
  ): Promise<LinkAnswer> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = httpRequest(options(method, path), resolve).on('error', reject);
      if (typeof sent === 'string') outgoing.end(sent);
      else Readable.from(sent).on('error', reject).pipe(outgoing);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const isJson = response.headers['content-type'] === 'application/json';
    const body: LinkBody = isJson ? JSON.parse(text) : NO_BODY;
    return { status: response.statusCode ?? 0, text, body };
  }

  const post = (path: string, body: object) => call('POST', path, JSON.stringify(body));
  const stopBeating = () => clearInterval(beating ?? undefined);
  signal.addEventListener('abort', stopBeating, { once: true });

  async function append(body: StepBody, at: { seq?: number; attempt?: number } = {}): Promise<LinkAnswer> {
    const { attempt } = mine();
    const reply = await post('/append', { attempt, seq: nextSeq, body, ...at });
    if (reply.body.kind === 'ok' && at.seq === undefined) nextSeq += 1;
    return reply;
  }

  return {
    ticket,
    signal,
    heard,
    get assignment() {
      return mine();
    },
    call,
    append,
    stopBeating,
    async attach(other = ticket) {
      const reply = await post('/attach', { ticket: other });
      if (reply.status === 200 && other === ticket) {
        assignment = assignmentSchema.parse(JSON.parse(reply.text));
        nextSeq = assignment.steps.length + 1;
      }
      return reply;
    },
    openControl() {
      control = httpRequest(options('POST', '/control'), (response) => {
        response.on('error', stopBeating);
        createInterface({ input: response })
          .on('error', stopBeating)
          .on('line', (line) => heard.push(controlMessageSchema.parse(JSON.parse(line))));
      });
      control.on('error', stopBeating);
      const beat = () => control?.write('beat\n');
      beat();
      beating = setInterval(beat, BEAT_INTERVAL_MS / 2);
    },
    halfCloseControl() {
      stopBeating();
      control?.end();
    },
    hear: (kind) =>
      until(
        () =>
          heard.find(
            (message): message is Extract<ControlMessage, { kind: typeof kind }> => message.kind === kind,
          ),
        `“${kind}” on the control stream`,
      ) as never,
    result: (activity, ok = true) =>
      append({
        kind: 'result',
        callId: `work-${nextSeq}`,
        tool: 'shell.run',
        ok,
        content: activity,
        activity,
        durationMs: 1,
      }),
    declare: (callId, tool, args) =>
      post('/declare', {
        attempt: mine().attempt,
        callId,
        tool,
        arguments: args,
        reason: 'the job needs it',
      }),
    declarePut: (callId, path, content) =>
      post('/declare', {
        attempt: mine().attempt,
        callId,
        tool: 'files.put',
        arguments: { path, bytes: Buffer.byteLength(content), sha256: hashOf(content) },
        reason: 'the job needs it',
      }),
    put: (callId, permit, content) =>
      call('PUT', `/files/content?call=${encodeURIComponent(callId)}&permit=${permit}`, content),
    remove: (callId, permit) => post('/files/delete', { attempt: mine().attempt, callId, permit }),
    createSchedule: (callId, permit) => post('/schedules', { attempt: mine().attempt, callId, permit }),
    finish: (more = {}) =>
      post('/finish', {
        attempt: mine().attempt,
        outcome: 'succeeded',
        summary: 'all done',
        evidence: [],
        failure: null,
        ...more,
      }),
  };
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
