import type { ClientRequest, IncomingMessage } from 'node:http';
import {
  type AppendRequest,
  type DeclareReply,
  type DeclareRequest,
  declareReplySchema,
  type EffectReply,
  effectReplySchema,
  type FileEntry,
  type FinishRequest,
  fileListSchema,
  linkReplySchema,
} from '@reeve/core';
import type { z } from 'zod/mini';
import { type LinkTransport, Superseded } from './link-transport.ts';

/** The executor's side of the task link (`link.ts` in core). Every method rejects with `Superseded` when it is stale. */
export interface LinkClient {
  append(step: AppendRequest): Promise<void>;
  declare(call: DeclareRequest): Promise<DeclareReply>;
  finish(outcome: FinishRequest): Promise<void>;
  listFiles(prefix: string): Promise<{ files: FileEntry[]; truncated: boolean }>;
  /** Null when there is no such file or the task may not read it. */
  readFile(path: string): Promise<AsyncIterable<Uint8Array> | null>;
  putFile(
    effect: { callId: string; permit: string },
    content: AsyncIterable<Uint8Array>,
  ): Promise<EffectReply>;
  deleteFile(effect: { attempt: number; callId: string; permit: string }): Promise<EffectReply>;
  openHost(effect: { attempt: number; callId: string; permit: string }): Promise<EffectReply>;
  createSchedule(effect: { attempt: number; callId: string; permit: string }): Promise<EffectReply>;
  saveScratch(seq: number, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** Null when there is no snapshot. */
  openScratch(): Promise<AsyncIterable<Uint8Array> | null>;
  /** Opens the control stream: beats go up, lines come down. */
  openControl(attempt: number): ControlConnection;
}

export interface ControlConnection {
  beat(): void;
  /** Lines as they come; ends when the stream does. */
  readonly lines: AsyncIterable<string>;
}

/** `transport` carries the task's token. */
export function createLinkClient(transport: LinkTransport): LinkClient {
  const { call, download } = transport;
  const post = <Schema extends z.ZodMiniType>(path: string, body: unknown, schema: Schema) =>
    call({ method: 'POST', path, body: JSON.stringify(body) }, schema);

  return {
    async append(step) {
      await post('/append', step, linkReplySchema);
    },
    declare: (request) => post('/declare', request, declareReplySchema),
    async finish(outcome) {
      await post('/finish', outcome, linkReplySchema);
    },
    listFiles: (prefix) =>
      call({ method: 'GET', path: `/files?prefix=${encodeURIComponent(prefix)}` }, fileListSchema),
    readFile: (path) => download(`/files/content?path=${encodeURIComponent(path)}`),
    putFile: ({ callId, permit }, content) =>
      call(
        {
          method: 'PUT',
          path: `/files/content?call=${encodeURIComponent(callId)}&permit=${encodeURIComponent(permit)}`,
          body: content,
        },
        effectReplySchema,
      ),
    deleteFile: (effect) => post('/files/delete', effect, effectReplySchema),
    openHost: (effect) => post('/network/open', effect, effectReplySchema),
    createSchedule: (effect) => post('/schedules', effect, effectReplySchema),
    async saveScratch(seq, content) {
      await call({ method: 'PUT', path: `/scratch?seq=${seq}`, body: content }, linkReplySchema);
    },
    openScratch: () => download('/scratch'),
    openControl() {
      const outgoing = transport.open('/control');
      return { beat: () => void outgoing.write('beat\n'), lines: linesOf(outgoing) };
    },
  };
}

async function* linesOf(outgoing: ClientRequest): AsyncGenerator<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve).on('error', reject);
    outgoing.flushHeaders();
  });
  if (response.statusCode !== 200)
    throw new Superseded(`the control stream was refused: ${response.statusCode}`);
  let rest = '';
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
}
