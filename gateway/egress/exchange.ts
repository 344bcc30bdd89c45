import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, EgressRequest, Log } from '@reeve/core';
import { failureFields } from '../refusal.ts';
import { ACCEPTED_ENCODINGS, type AnswerBody, packingOf, readBody } from './answer-body.ts';
import { startDeadline } from './deadline.ts';
import { codeOf, errorInWords } from './dial.ts';
import type { EgressLimits } from './egress-limits.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AnswerBody;
}

export type Exchanged =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** The request went out, in part or whole, and no answer came. `reason` is a clause. */
  | { readonly kind: 'unanswered'; readonly reason: string };

export type OutgoingRequest = Pick<EgressRequest, 'method' | 'headers'> & {
  readonly url: URL;
  readonly body: string | Uint8Array | null;
};

const MOST_HEADER_BYTES = 32 * 1024;
const MOST_HEADERS = 100;

/** One request and its answer on a connection of its own, which is closed afterwards. */
export async function exchange(
  { method, url, headers, body }: OutgoingRequest,
  socket: Socket,
  deps: { readonly clock: Clock; readonly limits: EgressLimits; readonly log: Log },
  signal: AbortSignal,
): Promise<Exchanged> {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const firstByte = startDeadline(deps.clock, deps.limits.firstByteMs, signal);
  const outgoing = httpRequest({
    createConnection: () => socket,
    method,
    path: `${url.pathname}${url.search}`,
    headers: {
      host: url.host,
      connection: 'close',
      ...(given.has('user-agent') ? {} : { 'user-agent': 'Reeve' }),
      ...(given.has('accept') ? {} : { accept: '*/*' }),
      ...(given.has('accept-encoding') ? {} : { 'accept-encoding': ACCEPTED_ENCODINGS }),
      ...(body === null ? {} : { 'content-length': Buffer.byteLength(body) }),
      ...headers,
    },
    maxHeaderSize: MOST_HEADER_BYTES,
    insecureHTTPParser: false,
    signal: firstByte.signal,
  });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.on('response', resolve).on('error', reject);
      outgoing.on('upgrade', () => reject(new Error('the other side wants to speak another protocol')));
      outgoing.end(body ?? undefined);
    });
    firstByte.clear();
    const packing = packingOf(response, method);
    const answer = {
      status: response.statusCode ?? 0,
      headers: headersOf(response, packing !== null),
      body: await readBody(response, packing, deps.limits.answerBytes, signal),
    };
    return { kind: 'answer', answer };
  } catch (error) {
    const why = firstByte.signal.aborted ? firstByte.signal.reason : error;
    deps.log.info({ host: url.host, ...codeOf(why), ...failureFields(why) }, 'no answer came');
    return { kind: 'unanswered', reason: exchangeProblem(why) };
  } finally {
    firstByte.clear();
    outgoing.destroy();
    socket.destroy();
  }
}

const CLOSED_EARLY = 'the site closed the connection before it had answered';

const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNRESET: CLOSED_EARLY,
  EPIPE: CLOSED_EARLY,
  HPE_INVALID_EOF_STATE: CLOSED_EARLY,
  HPE_HEADER_OVERFLOW: 'the headers of what came back are too large',
  ETIMEDOUT: 'the site answered no more',
};

/** Why there is no answer, in words; what Node's parser or OpenSSL calls it is in the log. */
function exchangeProblem(error: unknown): string {
  return errorInWords(error, PROBLEMS, (code) =>
    code.startsWith('HPE_') ? 'what came back is not HTTP' : 'the connection failed',
  );
}

/** Headers of the connection, which is closed; and those of a packed body, which is unpacked. */
const CONNECTION_HEADERS: readonly string[] = ['connection', 'keep-alive', 'transfer-encoding'];
const PACKING_HEADERS: readonly string[] = ['content-encoding', 'content-length'];

/** The answer's headers that still hold; those sent more than once joined. */
function headersOf({ headers }: IncomingMessage, isUnpacked: boolean): Record<string, string> {
  const entries = Object.entries(headers)
    .filter(([name]) => !CONNECTION_HEADERS.includes(name) && !(isUnpacked && PACKING_HEADERS.includes(name)))
    .slice(0, MOST_HEADERS);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
