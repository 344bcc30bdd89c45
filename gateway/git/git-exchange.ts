import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type GatewayStore, type Log, PUSH_HEADERS, type TaskClaims } from '@reeve/core';
import type { RefusalLog } from '../egress/refusal-log.ts';
import type { TokenHolderDeps } from '../token-holder.ts';
import { stopAtEcho } from './echo-stop.ts';
import { echoesOf } from './git-credentials.ts';
import type { GitLimits } from './git-limits.ts';
import { answerProblem, type GitRemoteDeps, type OpenRemote, openRemote } from './git-remote.ts';
import { answerType, type GitRequest } from './git-request.ts';
import type { TransferWatch } from './transfer-watch.ts';

export interface GitDoorDeps extends TokenHolderDeps, GitRemoteDeps {
  readonly store: Pick<GatewayStore, 'permits' | 'network' | 'audit' | 'isCurrentAttempt'>;
  readonly refusals: RefusalLog;
  readonly log: Log;
  readonly gitLimits: GitLimits;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

/** One exchange between a task's Git and a remote. */
export interface GitExchange {
  readonly claims: TaskClaims;
  readonly request: GitRequest;
  /** Whether the repository itself was opened to the task, and not only its host to the task's commands. */
  readonly isOpened: boolean;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly watch: TransferWatch;
}

/** An answer in words, which Git shows to whoever ran it. */
export class GitRefusal extends Error {
  readonly status: 400 | 401 | 403 | 429 | 502;

  constructor(status: GitRefusal['status'], message: string) {
    super(message);
    this.name = 'GitRefusal';
    this.status = status;
  }
}

/** Connects, or refuses in words. */
export async function connect(
  { request, isOpened, watch }: GitExchange,
  deps: GitDoorDeps,
): Promise<OpenRemote> {
  const remote = await openRemote(request, isOpened, deps, watch.signal);
  if (remote.kind === 'refused') throw new GitRefusal(403, remote.reason);
  return remote;
}

/** What Git reads of an answer, in the few forms that it has: in any other header a host could repeat credentials. */
function shownHeaders({ headers }: IncomingMessage, request: GitRequest): Record<string, string> {
  const { 'content-length': length, 'content-encoding': coding = '' } = headers;
  return {
    'content-type': answerType(request),
    ...(length === undefined ? {} : { 'content-length': length }),
    ...(/^(?:(?:x-)?gzip|deflate|br|zstd)$/i.test(coding) ? { 'content-encoding': coding } : {}),
  };
}

/** Gives Git the remote's answer, bounded and without the credentials that went out; `look` sees what Git sees. */
export async function passOn(
  { request, outgoing, watch }: GitExchange,
  remote: OpenRemote,
  response: IncomingMessage,
  deps: Pick<GitDoorDeps, 'gitLimits'>,
  look: (piece: Buffer) => void = () => undefined,
): Promise<void> {
  const problem = answerProblem(response, request, remote);
  if (problem !== null) throw new GitRefusal(502, problem);
  outgoing.writeHead(200, shownHeaders(response, request));
  await pipeline(
    response,
    watch.upTo(deps.gitLimits.answerBytes),
    stopAtEcho(echoesOf(remote.credential)),
    async function* (source: AsyncIterable<Buffer>) {
      for await (const piece of source) {
        look(piece);
        yield piece;
      }
    },
    outgoing,
    { signal: watch.signal },
  );
}

/** The headers of these names that are there. */
export function pickHeaders(from: IncomingMessage, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = from.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

/** The headers by which the loop names the declared push. */
export function declaredBy({ headers }: IncomingMessage): { callId: string; permit: string | null } {
  const [callId, permit] = [headers[PUSH_HEADERS.callId], headers[PUSH_HEADERS.permit]];
  return { callId: String(callId ?? ''), permit: typeof permit === 'string' ? permit : null };
}
