import type { IncomingMessage } from 'node:http';

/** A call that is refused before any of it is carried out. */
export class BadRequest extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Longest JSON body; a step carries at most a model's answer or a tool's bounded output. */
export const JSON_LIMIT = 4 * 1024 * 1024;
/** What the bodies of one holder's calls under way may come to together, in bytes. */
const HELD_LIMIT = 4 * JSON_LIMIT;
/** Bodies are short and come from this machine or cluster. */
const BODY_MS = 30_000;
/** A beat is one short word. */
const LONGEST_BEAT = 64;
const NEW_LINE = 10;

/** What callers send, read within bounds: whoever calls may be hostile, and everybody's calls share one memory. */
export interface LinkBodies {
  /**
   * Reads a body of at most `limit` bytes. It counts against its holder until `over`: whoever hangs up meanwhile leaves it
   * with whatever works on it.
   *
   * @throws {BadRequest} when it is too large (413), too slow (408), or too much is under way (429).
   */
  read(
    request: IncomingMessage,
    bounds: { readonly holder: string; readonly limit: number; readonly over: Promise<void> },
  ): Promise<string>;
}

export function createLinkBodies(): LinkBodies {
  const held = new Map<string, number>();

  function hold(holder: string, bytes: number): void {
    const now = (held.get(holder) ?? 0) + bytes;
    if (now === 0) held.delete(holder);
    else held.set(holder, now);
  }

  return {
    async read(request, { holder, limit, over }) {
      const chunks: Buffer[] = [];
      let bytes = 0;
      void over.then(() => hold(holder, -bytes));
      const late = setTimeout(
        () => request.destroy(new BadRequest(408, 'the body came too slowly')),
        BODY_MS,
      );
      try {
        for await (const chunk of request as AsyncIterable<Buffer>) {
          if (bytes + chunk.length > limit) throw new BadRequest(413, 'the body is too large');
          if ((held.get(holder) ?? 0) + chunk.length > HELD_LIMIT)
            throw new BadRequest(429, 'too many calls are under way');
          hold(holder, chunk.length);
          bytes += chunk.length;
          chunks.push(chunk);
        }
      } finally {
        clearTimeout(late);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

/** How much of one kind of work each holder has under way. */
export interface Places {
  /** @throws {BadRequest} 429 when all of the holder's places are taken. */
  take<T>(holder: string, work: () => Promise<T>): Promise<T>;
}

export function createPlaces(most: number): Places {
  const taken = new Map<string, number>();
  return {
    async take(holder, work) {
      const before = taken.get(holder) ?? 0;
      if (before >= most) throw new BadRequest(429, 'too many calls are under way');
      taken.set(holder, before + 1);
      try {
        return await work();
      } finally {
        const after = (taken.get(holder) ?? 1) - 1;
        if (after === 0) taken.delete(holder);
        else taken.set(holder, after);
      }
    },
  };
}

/**
 * Yields once for whatever number of beats came at the same time.
 *
 * @throws {BadRequest} when a line is no beat.
 */
export async function* beatsOf(request: AsyncIterable<Buffer>): AsyncGenerator<void> {
  let begun = 0;
  for await (const chunk of request) {
    let from = 0;
    let hasBeat = false;
    for (let end = chunk.indexOf(NEW_LINE); end !== -1; end = chunk.indexOf(NEW_LINE, from)) {
      begun += end - from;
      if (begun > LONGEST_BEAT) throw new BadRequest(400, 'a line is no beat');
      if (begun > 0) hasBeat = true;
      begun = 0;
      from = end + 1;
    }
    begun += chunk.length - from;
    if (begun > LONGEST_BEAT) throw new BadRequest(400, 'a line is no beat');
    if (hasBeat) yield;
  }
}
