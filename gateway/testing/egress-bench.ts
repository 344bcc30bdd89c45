import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AuditEvent,
  type BudgetPlan,
  type Clock,
  canonicalRequest,
  digestOf,
  type EffectCall,
  type EffectResult,
  type EgressReply,
  type EgressRequest,
  egressReplySchema,
  egressRequestSchema,
  type GatewayStore,
  type HostPort,
  type Log,
  type OpenedHost,
  type OpenedRepository,
  type Permit,
  signToken,
  type TaskId,
  UNCAPPED,
} from '@reeve/core';
import { createScriptedModel } from '@reeve/core/testing';
import {
  createGateway,
  DEFAULT_EGRESS_LIMITS,
  DEFAULT_GATEWAY_LIMITS,
  DEFAULT_GIT_LIMITS,
  type EgressLimits,
  type GitCredentials,
  type GitLimits,
  type SearchChoice,
  type SecretFiller,
  type SpeechChoice,
} from '../index.ts';
import { createMemoryBudget, type MemoryBudget } from './memory-budget.ts';

const HOUR_S = 3600;
const KEY = new Uint8Array(32).fill(7);

/** A settled or unsettled use of a permit. */
export interface SeenUse {
  readonly permit: Permit;
  settled: EffectResult | null;
}

/** What a test says of a call; the rest is made to fit. */
export interface CallOptions {
  readonly task?: TaskId;
  readonly callId?: string;
  readonly expiresAt?: Date;
}

export interface EgressBench {
  readonly socketPath: string;
  readonly audit: AuditEvent[];
  readonly budget: MemoryBudget;
  readonly logged: string[];
  readonly uses: Map<string, SeenUse>;
  readonly current: Map<TaskId, number>;
  readonly opened: OpenedHost[];
  readonly repositories: OpenedRepository[];
  /** Every address that was connected to, as `address port`. */
  readonly connected: string[];
  token(task?: TaskId, attempt?: number, capabilities?: readonly string[]): string;
  coordinatorToken(): string;
  /** Writes a permit for a request, as the coordinator would, and returns its id. */
  permit(request: EgressRequest, options?: CallOptions): string;
  /** Writes a permit for any call, as the coordinator would, and returns its id. */
  permitFor(call: EffectCall, expiresAt?: Date): string;
  /** A POST as the executor sends it; the answer as it came. */
  post(path: string, body: object, token?: string): Promise<{ status: number; text: string }>;
  /** A request as the executor sends it. */
  send(call: object, token?: string): Promise<{ status: number; reply: EgressReply | null; text: string }>;
  /** Permit and request in one, for requests that are right. */
  fetch(
    request: Partial<EgressRequest> & { url: string },
    options?: { token?: string },
  ): Promise<EgressReply>;
  /** Writes a raw CONNECT and returns the socket, with the answer's head read from it. */
  tunnel(
    target: string,
    token: string | null,
    early?: string,
  ): Promise<{ status: number; socket: Socket; text: string }>;
  /** From now on nobody listens where the gateway connects to. */
  failConnecting(): void;
  /** From now on settling fails as it does when the database is away. */
  breakSettling(): void;
  close(): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? { signal } : undefined),
};

export function requestOf(request: Partial<EgressRequest> & { url: string }): EgressRequest {
  return egressRequestSchema.parse({ method: 'GET', ...request });
}

export async function openEgressBench(options: {
  privateHosts?: readonly HostPort[];
  closedRanges?: readonly string[];
  resolve?: (host: string) => Promise<readonly string[]>;
  limits?: Partial<EgressLimits>;
  secrets?: SecretFiller;
  search?: SearchChoice;
  speech?: SpeechChoice;
  plan?: BudgetPlan;
  gitCredentials?: GitCredentials;
  gitLimits?: Partial<GitLimits>;
  /** Which port of loopback a connection goes to; the port that was asked for unless given. */
  portFor?: (port: number) => number;
  /** Which address a connection goes to; the one that was asked for unless given. */
  addressFor?: (address: string) => string;
}): Promise<EgressBench> {
  const folder = await mkdtemp(join(tmpdir(), 'reeve-egress-'));
  const socketPath = join(folder, 'gateway.sock');
  const permits = new Map<string, Permit>();
  const uses = new Map<string, SeenUse>();
  const audit: AuditEvent[] = [];
  const logged: string[] = [];
  const opened: OpenedHost[] = [];
  const repositories: OpenedRepository[] = [];
  let isBroken = false;
  let isUnreachable = false;
  const connected: string[] = [];
  const current = new Map<TaskId, number>([['T-1', 1]]);
  const budget = createMemoryBudget();
  const store: GatewayStore = {
    budget: budget.records,
    permits: {
      get: async (id) => permits.get(id) ?? null,
      async consume(id) {
        const permit = permits.get(id);
        if (!permit || uses.has(permit.digest)) return false;
        uses.set(permit.digest, { permit, settled: null });
        return true;
      },
      async settle(id, result) {
        if (isBroken) throw new Error('the database is away');
        const use = uses.get(permits.get(id)?.digest ?? '');
        if (use && !use.settled) use.settled = result;
      },
      abandonOpenUses: async () => 0,
    },
    network: {
      openedHosts: async (task) => opened.filter((host) => host.task === task),
      openedRepositories: async (task) => repositories.filter((repository) => repository.task === task),
    },
    audit: {
      async append(event) {
        audit.push(event);
        return { sequence: audit.length, body: '', previousHash: '', hash: '', subject: event.subject };
      },
    },
    isCurrentAttempt: async (task, attempt) => current.get(task) === attempt,
  };
  const write = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const model = createScriptedModel([]);
  const gateway = createGateway({
    models: () => ({
      coordinator: { name: 'own', model },
      executor: { name: 'own', model },
      fallback: null,
      vision: null,
    }),
    budget: () => options.plan ?? UNCAPPED,
    store,
    tokenKey: KEY,
    clock: systemClock,
    log,
    limits: DEFAULT_GATEWAY_LIMITS,
    privateHosts: options.privateHosts ?? [],
    closedRanges: options.closedRanges ?? [],
    ...(options.secrets ? { secrets: options.secrets } : {}),
    ...(options.gitCredentials ? { gitCredentials: options.gitCredentials } : {}),
    gitLimits: { ...DEFAULT_GIT_LIMITS, ...options.gitLimits },
    ...(options.search ? { search: options.search } : {}),
    ...(options.speech ? { speech: options.speech } : {}),
    network: {
      resolve: options.resolve ?? (async () => ['127.0.0.1']),
      connect(address, port) {
        connected.push(`${address} ${port}`);
        const actual = options.portFor?.(port) ?? port;
        const host = options.addressFor?.(address) ?? address;
        return connectSocket({ host, port: isUnreachable ? 1 : actual });
      },
    },
    egressLimits: { ...DEFAULT_EGRESS_LIMITS, ...options.limits },
  });
  const listener = await gateway.listen({ socketPath });
  const bench: EgressBench = {
    socketPath,
    audit,
    budget,
    logged,
    uses,
    current,
    opened,
    repositories,
    connected,
    token: (task = 'T-1', attempt = 1, capabilities = []) =>
      signToken(
        {
          role: 'task',
          task,
          attempt,
          capabilities: [...capabilities],
          expires: Math.floor(Date.now() / 1000) + HOUR_S,
        },
        KEY,
      ),
    coordinatorToken: () =>
      signToken({ role: 'coordinator', expires: Math.floor(Date.now() / 1000) + HOUR_S }, KEY),
    permit(request, { task = 'T-1', callId = 's1.0', expiresAt = new Date(Date.now() + 60_000) } = {}) {
      return bench.permitFor(
        { task, callId, tool: 'http.fetch', arguments: canonicalRequest(request) },
        expiresAt,
      );
    },
    permitFor(call, expiresAt = new Date(Date.now() + 60_000)) {
      const id = `permit-${permits.size + 1}`;
      permits.set(id, { id, call, digest: digestOf(call), approval: null, expiresAt, retry: 0 });
      return id;
    },
    async post(path, body, token = bench.token()) {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const outgoing = httpRequest({ socketPath, path, method: 'POST', headers });
      outgoing.end(JSON.stringify(body));
      const [response] = await once(outgoing, 'response');
      let text = '';
      for await (const piece of response.setEncoding('utf8')) text += piece;
      return { status: response.statusCode, text };
    },
    async send(call, token = bench.token()) {
      const { status, text } = await bench.post('/request', call, token);
      return { status, text, reply: status === 200 ? egressReplySchema.parse(JSON.parse(text)) : null };
    },
    async fetch(partial, { token = bench.token() } = {}) {
      const request = requestOf(partial);
      const callId = `c${permits.size + 1}`;
      const { reply, text } = await bench.send(
        { callId, permit: bench.permit(request, { callId }), request },
        token,
      );
      if (reply === null) throw new Error(text);
      return reply;
    },
    async tunnel(target, token, early = '') {
      const socket = connectSocket({ path: socketPath });
      const authorization = token === null ? '' : `Proxy-Authorization: Bearer ${token}\r\n`;
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n${early}`);
      let text = '';
      while (!text.includes('\r\n\r\n')) {
        const [piece] = await once(socket, 'data');
        text += piece;
      }
      return { status: Number(text.slice(9, 12)), socket, text };
    },
    failConnecting() {
      isUnreachable = true;
    },
    breakSettling() {
      isBroken = true;
    },
    async close() {
      await listener.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return bench;
}
