import { describe, expect, it } from 'vitest';
import {
  afterFirstReady,
  completed,
  endsBatch,
  greeting,
  isTerminate,
  joinBytes,
  listenStatement,
  queryMessage,
  readReply,
} from './wire.ts';

const text = new TextEncoder();

function message(type: string, body: Uint8Array): Uint8Array {
  const bytes = joinBytes([text.encode(type), new Uint8Array(4), body]);
  new DataView(bytes.buffer).setUint32(1, body.length + 4);
  return bytes;
}

const notification = (channel: string, payload: string): Uint8Array =>
  message('A', joinBytes([new Uint8Array(4), text.encode(`${channel}\0${payload}\0`)]));
const sync = message('S', new Uint8Array(0));
const parse = message('P', text.encode('\0select 1\0\0\0'));

describe('endsBatch', () => {
  it('waits for Query, Sync or Terminate', () => {
    expect(endsBatch(queryMessage('select 1'))).toBe(true);
    expect(endsBatch(joinBytes([parse, sync]))).toBe(true);
    expect(endsBatch(message('X', new Uint8Array(0)))).toBe(true);
    expect(endsBatch(parse)).toBe(false);
  });

  it('waits for the rest of a message that came in pieces', () => {
    const query = queryMessage('select 1');
    for (let length = 0; length < query.length; length += 1) {
      expect(endsBatch(query.subarray(0, length))).toBe(false);
    }
  });

  it('tells a goodbye from a query', () => {
    expect(isTerminate(message('X', new Uint8Array(0)))).toBe(true);
    expect(isTerminate(queryMessage('X'))).toBe(false);
  });
});

describe('readReply', () => {
  it('takes notifications out of the answer and keeps the rest in order', () => {
    const first = completed('NOTIFY', 'T');
    const second = completed('COMMIT', 'I');
    const reply = readReply(joinBytes([first, notification('a', 'one'), second, notification('b c', '')]));
    expect(joinBytes(reply.forCaller)).toEqual(joinBytes([first, second]));
    expect(reply.notifications.map(({ channel }) => channel)).toEqual(['a', 'b c']);
    expect(reply.status).toBe('I');
  });

  it.each(['I', 'T', 'E'] as const)('reads the status %s of the last ReadyForQuery', (status) => {
    expect(readReply(joinBytes([completed('BEGIN', 'I'), completed('X', status)])).status).toBe(status);
  });

  it('has no status for an answer that is not finished', () => {
    expect(readReply(notification('a', 'b')).status).toBeUndefined();
  });
});

describe('afterFirstReady', () => {
  it('drops the answer to the statement in front', () => {
    const answer = completed('SELECT 1', 'I');
    expect(afterFirstReady(joinBytes([completed('SET', 'I'), answer]))).toEqual(answer);
  });
});

describe('greeting', () => {
  it('ends ready and outside a transaction', () => {
    expect(readReply(greeting()).status).toBe('I');
  });
});

describe('listenStatement', () => {
  it.each([
    ['LISTEN bullmq_jobs;', { kind: 'listen', channel: 'bullmq_jobs' }],
    ['-- why\n  listen Jobs', { kind: 'listen', channel: 'jobs' }],
    ['listen "Ch ""x"', { kind: 'listen', channel: 'Ch "x' }],
    ['UNLISTEN *', { kind: 'unlisten', channel: '*' }],
    ['unlisten jobs', { kind: 'unlisten', channel: 'jobs' }],
  ])('reads %s', (sql, expected) => {
    expect(listenStatement(queryMessage(sql))).toEqual(expected);
  });

  it.each(['select 1', "select 'listen x'", 'listen a; select 1'])('does not mistake %s', (sql) => {
    expect(listenStatement(queryMessage(sql))).toBeUndefined();
  });
});
