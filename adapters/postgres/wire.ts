/**
 * The few pieces of the Postgres wire protocol (version 3) that the embedded database needs in order to
 * share one physical session between several `pg` clients.
 * Source: PostgreSQL documentation, "Message Formats".
 */

/** Transaction status carried by ReadyForQuery: idle, in a transaction, in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

export interface Notification {
  readonly channel: string;
  /** The NotificationResponse message as the server sent it. */
  readonly message: Uint8Array;
}

export interface ServerReply {
  /** Everything for the client that asked, notifications taken out. */
  readonly forCaller: readonly Uint8Array[];
  readonly notifications: readonly Notification[];
  /** Of the last ReadyForQuery; undefined when the reply has none. */
  readonly status: TransactionStatus | undefined;
}

export interface ListenStatement {
  readonly kind: 'listen' | 'unlisten';
  /** `*` means every channel (UNLISTEN only). */
  readonly channel: string;
}

const TYPE = { notification: 0x41, readyForQuery: 0x5a, query: 0x51, sync: 0x53, terminate: 0x58 } as const;

const HEADER_BYTES = 5;
const LISTEN = /^\s*(un)?listen\s+("(?:[^"]|"")+"|[\w$]+|\*)\s*;?\s*$/i;
const LINE_COMMENT = /--[^\n]*(\n|$)/g;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface WireMessage {
  readonly type: number;
  /** All of it. */
  readonly message: Uint8Array;
  /** Without type and length. */
  readonly body: Uint8Array;
}

/** The whole messages that bytes consist of, from either side. */
export function* messagesIn(bytes: Uint8Array): Generator<WireMessage> {
  const view = viewOf(bytes);
  let offset = 0;
  while (offset + HEADER_BYTES <= bytes.length) {
    const end = offset + 1 + view.getUint32(offset + 1);
    const message = bytes.subarray(offset, end);
    yield { type: view.getUint8(offset), message, body: message.subarray(HEADER_BYTES) };
    offset = end;
  }
}

/** Joins chunks into one buffer that owns its memory, so that it can be transferred to another thread. */
export function joinBytes(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

/**
 * Whether a client's bytes end in a message that the server answers with ReadyForQuery (Query or Sync) or in
 * Terminate. Until then they are the beginning of a batch.
 */
export function endsBatch(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  let offset = 0;
  let last = 0;
  while (offset + HEADER_BYTES <= bytes.length) {
    last = view.getUint8(offset);
    offset += 1 + view.getUint32(offset + 1);
  }
  return offset === bytes.length && (last === TYPE.query || last === TYPE.sync || last === TYPE.terminate);
}

/** Whether the bytes begin with Terminate, the client's goodbye. */
export function isTerminate(bytes: Uint8Array): boolean {
  return bytes[0] === TYPE.terminate;
}

/** Splits a server reply into the caller's part, notifications for everybody, and the final status. */
export function readReply(bytes: Uint8Array): ServerReply {
  const view = viewOf(bytes);
  const forCaller: Uint8Array[] = [];
  const notifications: Notification[] = [];
  let status: TransactionStatus | undefined;
  let offset = 0;
  let kept = 0;
  while (offset + HEADER_BYTES <= bytes.length) {
    const type = view.getUint8(offset);
    const end = offset + 1 + view.getUint32(offset + 1);
    if (type === TYPE.readyForQuery) status = toStatus(view.getUint8(offset + HEADER_BYTES));
    if (type === TYPE.notification) {
      if (offset > kept) forCaller.push(bytes.subarray(kept, offset));
      const message = bytes.subarray(offset, end);
      notifications.push({ channel: channelOf(message), message });
      kept = end;
    }
    offset = end;
  }
  if (kept < bytes.length) forCaller.push(bytes.subarray(kept));
  return { forCaller, notifications, status };
}

/** The bytes after the first ReadyForQuery: drops the answer to a statement that was put in front of a batch. */
export function afterFirstReady(bytes: Uint8Array): Uint8Array {
  const view = viewOf(bytes);
  let offset = 0;
  while (offset + HEADER_BYTES <= bytes.length) {
    const type = view.getUint8(offset);
    offset += 1 + view.getUint32(offset + 1);
    if (type === TYPE.readyForQuery) return bytes.subarray(offset);
  }
  return bytes;
}

/** A simple-protocol Query message. */
export function queryMessage(sql: string): Uint8Array {
  return frame(TYPE.query, encoder.encode(`${sql}\0`));
}

/** What a server says to a client that has just connected: authenticated, UTF-8, ready. */
export function greeting(): Uint8Array {
  const parameters = { server_encoding: 'UTF8', client_encoding: 'UTF8', standard_conforming_strings: 'on' };
  return joinBytes([
    frame(0x52, new Uint8Array(4)),
    ...Object.entries(parameters).map(([name, value]) => frame(0x53, encoder.encode(`${name}\0${value}\0`))),
    readyMessage('I'),
  ]);
}

/** CommandComplete and ReadyForQuery for a statement that never reached the server. */
export function completed(command: string, status: TransactionStatus): Uint8Array {
  return joinBytes([frame(0x43, encoder.encode(`${command}\0`)), readyMessage(status)]);
}

/** The LISTEN or UNLISTEN that a batch consists of, if it is a lone simple query of that kind. */
export function listenStatement(batch: Uint8Array): ListenStatement | undefined {
  if (batch[0] !== TYPE.query || viewOf(batch).getUint32(1) + 1 !== batch.length) return undefined;
  const sql = decoder.decode(batch.subarray(HEADER_BYTES, batch.length - 1)).replace(LINE_COMMENT, '');
  const match = LISTEN.exec(sql);
  const name = match?.[2];
  if (match === null || name === undefined) return undefined;
  const channel = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
  return { kind: match[1] === undefined ? 'listen' : 'unlisten', channel };
}

function readyMessage(status: TransactionStatus): Uint8Array {
  return frame(TYPE.readyForQuery, encoder.encode(status));
}

/** A message of one type with its length. */
export function frame(type: number, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(HEADER_BYTES + body.length);
  const view = viewOf(message);
  view.setUint8(0, type);
  view.setUint32(1, body.length + 4);
  message.set(body, HEADER_BYTES);
  return message;
}

function channelOf(notification: Uint8Array): string {
  const start = HEADER_BYTES + 4;
  return decoder.decode(notification.subarray(start, notification.indexOf(0, start)));
}

function toStatus(byte: number): TransactionStatus {
  if (byte === 0x54) return 'T';
  return byte === 0x45 ? 'E' : 'I';
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
