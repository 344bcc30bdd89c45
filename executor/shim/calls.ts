import type { z } from 'zod';
import type { CallOptions, ShimConnection, ShimRefusal } from './connection.ts';
import { maxHeaderBytes } from './frames.ts';
import type { ShimCall } from './protocol.ts';

/** What the sandbox did, or why it did not. A lost sandbox is neither: it rejects with ShimGoneError. */
export type ShimOutcome<T> = { readonly kind: 'done'; readonly value: T } | ShimRefusal;

/** A stream from the sandbox ended with a refusal. */
export class ShimRefusedError extends Error {
  override readonly name = 'ShimRefusedError';
  readonly refusal: ShimRefusal;
  constructor(refusal: ShimRefusal) {
    super(`sandbox refused: ${refusal.code}`);
    this.refusal = refusal;
  }
}

export interface CheckedAnswer<T> {
  readonly value: T;
  readonly payload: Uint8Array;
}

/** The three ways to call the shim; each checks the shape and bounds the bytes and the time of what comes back. */
export interface ShimCalls {
  /** A call without a byte stream back. */
  ask<T>(
    schema: z.ZodType<T>,
    call: ShimCall,
    options?: CallOptions & { readonly deadlineMs?: number },
  ): Promise<ShimOutcome<CheckedAnswer<T>>>;
  /** A call whose bytes are collected, up to `maxBytes`; the payload is those bytes. */
  collect<T>(
    schema: z.ZodType<T>,
    call: ShimCall,
    options: { readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
  ): Promise<ShimOutcome<CheckedAnswer<T>>>;
  /** The bytes of a call as they come. Throws ShimRefusedError, ShimGoneError. */
  stream(
    call: ShimCall,
    options: { readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<Uint8Array>;
}

/** A file operation that takes longer hangs, or is made to. */
const fileCallMs = 120_000;
const tooLong: ShimRefusal = { kind: 'refused', code: 'invalid', detail: 'the request is too long' };

/** Calls over `connection`, which they end when the shim cheats. */
export function createShimCalls(connection: ShimConnection): ShimCalls {
  function parse<T>(schema: z.ZodType<T>, value: unknown): T {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw connection.fail('an answer of the wrong shape', parsed.error);
  }

  async function within<T>(ms: number, work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => connection.fail(`no answer for ${ms} ms`), ms);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  async function* stream(
    call: ShimCall,
    options: { readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<Uint8Array, unknown> {
    if (!fitsInHeader(call)) throw new ShimRefusedError(tooLong);
    const opened = connection.call(call, { signal: options.signal });
    const chunks = opened.chunks[Symbol.asyncIterator]();
    let bytes = 0;
    try {
      for (;;) {
        const next = await within(fileCallMs, chunks.next());
        if (next.done === true) break;
        bytes += next.value.length;
        if (bytes > options.maxBytes) throw connection.fail('more bytes than were asked for');
        yield next.value;
      }
      const answer = await opened.answer;
      if (answer.kind === 'refused') throw new ShimRefusedError(answer);
      return answer.value;
    } finally {
      // Left early by its reader: the turn ends only when the shim has stopped.
      opened.cancel();
      await Promise.allSettled([opened.answer]);
    }
  }

  return {
    stream,
    async ask(schema, call, { deadlineMs = fileCallMs, ...options } = {}) {
      if (!fitsInHeader(call)) return tooLong;
      const answer = await within(deadlineMs, connection.call(call, options).answer);
      if (answer.kind === 'refused') return answer;
      return { kind: 'done', value: { value: parse(schema, answer.value), payload: answer.payload } };
    },
    async collect(schema, call, options) {
      const kept = createGrowingBytes();
      const reading = stream(call, options);
      try {
        for (;;) {
          const next = await reading.next();
          if (next.done === true) {
            const value = parse(schema, next.value);
            return { kind: 'done', value: { value, payload: kept.bytes() } };
          }
          kept.add(next.value);
        }
      } catch (error) {
        if (error instanceof ShimRefusedError) return error.refusal;
        throw error;
      }
    },
  };
}

/** Bytes in one piece: a list of chunks would cost many times the bytes where each chunk holds a single one. */
function createGrowingBytes(): { add(chunk: Uint8Array): void; bytes(): Uint8Array } {
  let held = new Uint8Array(0);
  let length = 0;
  return {
    add(chunk) {
      if (length + chunk.length > held.length) {
        const larger = new Uint8Array(Math.max(2 * held.length, length + chunk.length));
        larger.set(held.subarray(0, length));
        held = larger;
      }
      held.set(chunk, length);
      length += chunk.length;
    },
    bytes: () => held.subarray(0, length),
  };
}

/** Room is left for the rest of the header. */
function fitsInHeader(call: ShimCall): boolean {
  return Buffer.byteLength(JSON.stringify(call)) <= maxHeaderBytes - 1024;
}
