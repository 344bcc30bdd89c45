import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { BlockList, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Clock, formatHostPort, type HostPort, type Log } from '@reeve/core';
import { checkDestination, isExempt, noWayTo, plainHost } from '../egress/destination.ts';
import { dial } from '../egress/dial.ts';
import type { EgressLimits } from '../egress/egress-limits.ts';
import type { Network } from '../egress/network.ts';
import { concealSecrets } from '../secrets/concealment.ts';
import { echoesOf, type GitCredential, type GitCredentials } from './git-credentials.ts';
import { answerType, type GitRequest, remoteTarget } from './git-request.ts';

export interface GitRemoteDeps {
  readonly network: Network;
  readonly privateHosts: readonly HostPort[];
  readonly closedRanges: BlockList;
  readonly clock: Clock;
  readonly limits: EgressLimits;
  readonly log: Log;
  /** Without it no host is told who asks. */
  readonly gitCredentials?: GitCredentials;
}

/** A connection to the checked address of a repository's host; nothing has been said on it yet. */
export interface OpenRemote {
  readonly kind: 'open';
  readonly socket: Socket;
  readonly address: string;
  /** Looked for in what comes back, whether it goes along or not: the host may know it from before. */
  readonly credential: Exclude<GitCredential, { kind: 'refused' }>;
  /** Why no credential goes along, as a sentence; null when one may. */
  readonly withheld: string | null;
}

export type RemoteOpening = OpenRemote | { readonly kind: 'refused'; readonly reason: string };

/**
 * Connects as requests do (checked address, verified certificate). Plain http only to hosts that the operator names. A
 * credential goes along only when the repository itself was opened: whoever opens a host lends no secret with it.
 */
export async function openRemote(
  { repository }: GitRequest,
  isOpened: boolean,
  deps: GitRemoteDeps,
  signal: AbortSignal,
): Promise<RemoteOpening> {
  const { protocol, host, port } = repository;
  const target = { host, port };
  if (protocol === 'http' && !isExempt(target, deps.privateHosts))
    return { kind: 'refused', reason: noWayTo(target, 'Git goes over https only') };
  const credential = (await deps.gitCredentials?.forHost(plainHost(host))) ?? { kind: 'none' };
  if (credential.kind === 'refused') return credential;
  const check = await checkDestination(target, deps, signal);
  if (check.kind === 'refused') return { kind: 'refused', reason: noWayTo(target, check.reason) };
  const dialled = await dial(check.destination, { tls: protocol === 'https' }, deps, signal);
  return dialled.kind === 'open'
    ? { ...dialled, credential, withheld: whyWithheld(repository, isOpened, deps) }
    : { kind: 'refused', reason: noWayTo(target, dialled.reason) };
}

/** The hosts of a secret name no port: it is meant for the usual one, or for what the operator names with its port. */
function whyWithheld(
  { name, protocol, host, port }: GitRequest['repository'],
  isOpened: boolean,
  { privateHosts }: GitRemoteDeps,
): string | null {
  if (!isOpened)
    return `A secret goes along only once ${name} itself is open to this task: ask with the tool git_open(repository).`;
  const isUsualPlace = protocol === 'https' && port === 443;
  return isUsualPlace || isExempt({ host, port }, privateHosts)
    ? null
    : `A secret goes to port 443 only, or where the operator’s REEVE_PRIVATE_HOSTS names ${formatHostPort({ host, port })}.`;
}

export interface RemoteBody {
  /** Headers that describe it. */
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: AsyncIterable<Buffer>;
}

const MOST_HEADER_BYTES = 32 * 1024;

/** Sends one request and resolves with the answer's head. Rejects when none comes; then nobody knows what was taken. */
export async function askRemote(
  request: GitRequest,
  { socket, credential, withheld }: OpenRemote,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: RemoteBody | null },
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { protocol, host, port } = request.repository;
  const isUsualPort = port === (protocol === 'https' ? 443 : 80);
  const outgoing = httpRequest({
    createConnection: () => socket,
    method: body === null ? 'GET' : 'POST',
    path: remoteTarget(request),
    headers: {
      host: isUsualPort ? host : formatHostPort({ host, port }),
      connection: 'close',
      'user-agent': 'git/2 (Reeve)',
      ...headers,
      ...body?.headers,
      ...(credential.kind === 'basic' && withheld === null
        ? { authorization: credential.authorization }
        : {}),
    },
    maxHeaderSize: MOST_HEADER_BYTES,
    insecureHTTPParser: false,
    signal,
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve).on('error', reject);
  });
  // An early answer may close the connection before all was sent: then the answer is what counts.
  sendBody(outgoing, body, signal).catch((error: Error) => outgoing.destroy(error));
  return answered;
}

async function sendBody(
  outgoing: ClientRequest,
  body: RemoteBody | null,
  signal: AbortSignal,
): Promise<void> {
  if (body === null) outgoing.end();
  else await pipeline(Readable.from(body.pieces, { objectMode: false }), outgoing, { signal });
}

/** What keeps an answer from being passed on, as a sentence; null when nothing does. */
export function answerProblem(
  { statusCode = 0, headers }: IncomingMessage,
  request: GitRequest,
  { credential, withheld }: Pick<OpenRemote, 'credential' | 'withheld'>,
): string | null {
  const { host, name } = request.repository;
  if (statusCode >= 300 && statusCode < 400) {
    const to = placeOf(headers.location ?? '', request, credential);
    return `${host} sends Git on to ${to}. That was not followed; open the repository under its own address.`;
  }
  if ((statusCode === 401 || statusCode === 403) && withheld !== null)
    return `${host} wants credentials (status ${statusCode}). ${withheld}`;
  if (statusCode === 401 || statusCode === 403)
    return credential.kind === 'basic'
      ? `${host} does not let the secret ${credential.name} do this (status ${statusCode}).`
      : `${host} wants credentials (status ${statusCode}). The owner can set a secret named GIT, or GIT_ and more, for ${host}.`;
  if (statusCode === 404) return `${host} knows no repository ${name}, or shows it only with credentials.`;
  if (statusCode !== 200) return `${host} answered with status ${statusCode}.`;
  return headers['content-type'] === answerType(request)
    ? null
    : `${host} does not speak Git’s smart HTTP protocol there.`;
}

/** Where an answer sends on to, without what holds the credential that went out. */
function placeOf(
  location: string,
  { repository: { host, path } }: GitRequest,
  credential: OpenRemote['credential'],
): string {
  const to = URL.parse(location, `https://${host}/${path}/`);
  const hide = concealSecrets(echoesOf(credential));
  const holds = (text: string) => hide(text) !== text;
  if (to === null || holds(to.host)) return 'another place';
  return [location, to.href].some(holds) ? to.host : `${to.host}${to.pathname}`;
}
