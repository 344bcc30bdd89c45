import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log, TaskClaims } from '@reeve/core';
import { createSlots } from '../egress/slots.ts';
import { failureFields } from '../refusal.ts';
import { holderOf } from '../token-holder.ts';
import {
  connect,
  type GitDoorDeps,
  type GitExchange,
  GitRefusal,
  passOn,
  pickHeaders,
} from './git-exchange.ts';
import { askRemote, type OpenRemote } from './git-remote.ts';
import { type GitRequest, parseGitRequest } from './git-request.ts';
import { createPusher } from './pusher.ts';
import { watchTransfer } from './transfer-watch.ts';

/** `/git/<host>/<repository>`: smart HTTP to repositories that were opened to the task. */
export interface GitDoor {
  /** Answers on the response itself; never rejects. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  /** Resolves when all exchanges have ended and are settled. */
  settled(): Promise<void>;
}

export function createGitDoor(deps: GitDoorDeps): GitDoor {
  const slots = createSlots(deps.gitLimits);
  const running = new Set<Promise<void>>();
  const push = createPusher(deps);

  async function decide(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const claims = await holderOf(incoming.headers.authorization, deps);
    if (claims?.role !== 'task') throw new GitRefusal(401, 'Git takes the token of a running task.');
    const parsed = parseGitRequest(incoming.method ?? '', incoming.url ?? '');
    if (parsed.kind === 'refused') throw new GitRefusal(400, parsed.reason);
    const release = slots.take(claims.task);
    const isCurrent = () => deps.store.isCurrentAttempt(claims.task, claims.attempt);
    const { totalMs, pushMs } = deps.gitLimits;
    const limitMs = isPush(parsed.request) ? pushMs : totalMs;
    const watch = watchTransfer({ ...deps, limits: { ...deps.gitLimits, totalMs: limitMs }, isCurrent });
    try {
      if (release === null)
        throw new GitRefusal(429, 'Too many Git requests are under way; wait until one has ended.');
      const served = serve({ claims, request: parsed.request, incoming, outgoing, watch });
      await Promise.race([served, watch.aborted]);
    } catch (error) {
      if (error instanceof GitRefusal) await recordRefusal(deps, claims, parsed.request, error.message);
      // Whatever broke first did so because of the abort.
      throw watch.signal.aborted ? watch.signal.reason : error;
    } finally {
      watch.end();
      release?.();
    }
  }

  async function serve(asked: Omit<GitExchange, 'isOpened'>): Promise<void> {
    const exchange = { ...asked, isOpened: await checkReach(asked, deps) };
    return isPush(exchange.request) ? push(exchange) : read(exchange, deps);
  }

  return {
    async handle(incoming, outgoing) {
      const work = decide(incoming, outgoing)
        .catch((error: unknown) => answerFailure(outgoing, error, deps.log))
        .finally(() => running.delete(work));
      running.add(work);
      await work;
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

function isPush({ service, step }: GitRequest): boolean {
  return service === 'git-receive-pack' && step === 'exchange';
}

/** True for a repository that was opened to the task, false for another on a host that its commands may reach anyway. */
async function checkReach(
  { claims: { task }, request }: Pick<GitExchange, 'claims' | 'request'>,
  { store }: GitDoorDeps,
): Promise<boolean> {
  const { name, protocol, host, port } = request.repository;
  const repositories = await store.network.openedRepositories(task);
  if (repositories.some(({ repository }) => repository === name)) return true;
  const hosts = protocol === 'https' ? await store.network.openedHosts(task) : [];
  if (hosts.some((opened) => opened.host === host && opened.port === port)) return false;
  throw new GitRefusal(
    403,
    `The repository ${name} is not open to this task. Ask with the tool git_open(repository), then try again.`,
  );
}

const ASKED_HEADERS = ['accept', 'accept-encoding', 'git-protocol'] as const;
const BODY_HEADERS = ['content-type', 'content-length', 'content-encoding', 'transfer-encoding'] as const;

/** Listing refs, cloning and fetching. */
async function read(exchange: GitExchange, deps: GitDoorDeps): Promise<void> {
  const { claims, request, incoming, watch } = exchange;
  const remote = await connect(exchange, deps);
  try {
    const { name } = request.repository;
    const detail = {
      repository: name,
      service: request.service,
      step: request.step,
      address: remote.address,
    };
    await deps.store.audit.append(
      { event: 'git-read', actor: 'gateway', subject: claims.task, detail },
      deps.clock.now(),
    );
    const pieces = watch.upTo(deps.gitLimits.askBytes)(incoming as AsyncIterable<Buffer>);
    const body = request.step === 'refs' ? null : { headers: pickHeaders(incoming, BODY_HEADERS), pieces };
    const response = await askRemote(
      request,
      remote,
      { headers: askedHeaders(incoming, remote), body },
      watch.signal,
    );
    await passOn(exchange, remote, response, deps);
  } finally {
    remote.socket.destroy();
  }
}

/** An answer that is looked through for credentials must come as it is. */
function askedHeaders(incoming: IncomingMessage, { credential }: OpenRemote): Record<string, string> {
  const headers = pickHeaders(incoming, ASKED_HEADERS);
  if (credential.kind === 'basic') delete headers['accept-encoding'];
  return headers;
}

async function recordRefusal(
  { refusals }: GitDoorDeps,
  { task }: TaskClaims,
  { repository, service, step }: GitRequest,
  reason: string,
): Promise<void> {
  const detail = { repository: repository.name, service, step, reason };
  await refusals.refused(task, { event: 'git-refused', detail });
}

function answerFailure(outgoing: ServerResponse, error: unknown, log: Log): void {
  const isWorded = error instanceof GitRefusal;
  if (!isWorded) log.warn(failureFields(error), 'a Git exchange broke');
  if (outgoing.headersSent) return void outgoing.destroy();
  const body = `${isWorded ? error.message : 'The exchange with the repository broke off; nothing more is known of it.'}\n`;
  outgoing
    .writeHead(isWorded ? error.status : 502, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    })
    .end(body);
}
