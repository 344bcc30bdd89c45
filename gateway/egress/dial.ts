import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock, Log } from '@reeve/core';
import { failureFields } from '../refusal.ts';
import { startDeadline } from './deadline.ts';
import type { Destination } from './destination.ts';
import type { EgressLimits } from './egress-limits.ts';
import type { Network } from './network.ts';

export type Dialled =
  | { readonly kind: 'open'; readonly socket: Socket; readonly address: string }
  /** Nothing was said to the other side but a handshake. `reason` is a clause. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface DialDeps {
  readonly network: Network;
  readonly clock: Clock;
  readonly limits: EgressLimits;
  /** For what an error calls itself, which helps nobody but an operator. */
  readonly log: Log;
}

/**
 * Connects to the first checked address that answers. With `tls` the certificate must verify for the host's name;
 * nothing turns that off, `NODE_TLS_REJECT_UNAUTHORIZED` included.
 */
export async function dial(
  destination: Destination,
  options: { readonly tls: boolean },
  deps: DialDeps,
  signal: AbortSignal,
): Promise<Dialled> {
  const { host, port, addresses } = destination;
  let reason = '';
  for (const address of addresses) {
    const deadline = startDeadline(deps.clock, deps.limits.connectMs, signal);
    const tcp = deps.network.connect(address, port);
    try {
      await opened(tcp, 'connect', deadline.signal);
      const socket = options.tls ? await secured(tcp, host, deadline.signal) : tcp;
      return { kind: 'open', socket, address };
    } catch (error) {
      tcp.destroy();
      signal.throwIfAborted();
      reason = errorInWords(error, PROBLEMS, otherDialProblem);
      deps.log.info({ host, port, address, ...codeOf(error), ...failureFields(error) }, 'a dial failed');
    } finally {
      deadline.clear();
    }
  }
  return { kind: 'failed', reason };
}

async function secured(tcp: Socket, host: string, signal: AbortSignal): Promise<Socket> {
  const socket = connectTls({
    socket: tcp,
    host,
    ...(isIP(host) ? {} : { servername: host }),
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  });
  await opened(socket, 'secureConnect', signal);
  return socket;
}

/** Waits for a socket's opening event; its later errors belong to whoever uses it, and no longer end the process. */
function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.once(event, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
  });
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'nothing answered',
};

/** OpenSSL's errors after which the other side does speak TLS: its alerts, and versions that are too old. */
const NO_AGREEMENT = /alert|unsupported.protocol/i;

/** What OpenSSL and Node call a chain that does not verify. */
const CERTIFICATE = /CERT|ISSUER|SIGNATURE|ALTNAME|INVALID_CA|PURPOSE|PATH_LENGTH/;

/** What an error is called by the library that raised it; nothing for errors of our own, which are in words. */
export function codeOf(error: unknown): { readonly code?: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? { code: error.code }
    : {};
}

/** An error in words: our own say theirs, of others the code decides, and `ofOthers` where it is none of the `known`. */
export function errorInWords(
  error: unknown,
  known: Readonly<Record<string, string>>,
  ofOthers: (code: string, error: Error) => string,
): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = codeOf(error);
  return code === undefined ? error.message : (known[code] ?? ofOthers(code, error));
}

/** Certificates that do not verify are named as such. */
function otherDialProblem(code: string, error: Error): string {
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return NO_AGREEMENT.test(`${code} ${error.message}`)
      ? 'it did not agree to a TLS connection'
      : 'it does not speak TLS at this port';
  return CERTIFICATE.test(code)
    ? `its certificate does not verify (${error.message})`
    : 'the connection failed';
}
