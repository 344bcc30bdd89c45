import type { IncomingMessage } from 'node:http';

/** A call's parameters, however they were sent, and the files that came along. */
export interface Parameters {
  readonly values: Readonly<Record<string, unknown>>;
  readonly files: ReadonlyMap<string, { readonly name: string; readonly bytes: Uint8Array }>;
}

const MOST_BYTES = 51 * 1024 * 1024;

export class TooLarge extends Error {}

/**
 * Reads a call as Telegram does: from the address, as JSON, as a form or as multipart. Objects inside forms are JSON.
 *
 * @throws {TooLarge} when the body is over 50 MB.
 */
export async function readParameters(request: IncomingMessage, url: URL): Promise<Parameters> {
  const values: Record<string, unknown> = {};
  const files = new Map<string, { name: string; bytes: Uint8Array }>();
  for (const [name, value] of url.searchParams) values[name] = fromForm(value);
  const body = await readBody(request);
  const type = request.headers['content-type'] ?? '';
  if (body.length === 0) return { values, files };
  if (type.startsWith('application/json'))
    return {
      values: { ...values, ...(JSON.parse(body.toString('utf8')) as Record<string, unknown>) },
      files,
    };
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  for (const [name, value] of form) {
    if (typeof value === 'string') values[name] = fromForm(value);
    else files.set(name, { name: value.name, bytes: new Uint8Array(await value.arrayBuffer()) });
  }
  return { values, files };
}

function fromForm(value: string): unknown {
  if (!/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new TooLarge('the body is over 50 MB');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
