import { connect } from 'node:net';
import { createSystemClock } from '@reeve/clock';
import { canonicalRequest, digestOf, moveTask, type SandboxLevel, type Store, type Task } from '@reeve/core';
import { createGateway, DEFAULT_GATEWAY_LIMITS } from '@reeve/gateway';
import { createOpenAiModel } from '@reeve/model';
import {
  createGatewayStore,
  createPostgresStore,
  DEFAULT_POSTGRES_DEADLINES,
  MIGRATIONS_DIRECTORY,
  migrate,
  openPostgres,
  type SqlPool,
} from '@reeve/postgres';
import { openFreshDatabase, silentLog } from '@reeve/postgres/testing';
import { callIdOf, type GatewayPlan, gatewayPlanSchema, permitIdOf, SITE_REQUEST, SOURCE } from './plan.ts';

/**
 * A real gateway in a process of its own, on a real database, with one running task, permits for it and one opened host.
 * Every name of the outside leads to loopback. Prints the task's id when it listens; ends with its stdin.
 */
const plan = gatewayPlanSchema.parse(JSON.parse(process.argv[2] ?? ''));
const HOUR_MS = 3_600_000;
const CONNECTIONS = 20;
const TIMEOUTS = { firstByteMs: 60_000, idleMs: 60_000, totalMs: 60_000 };
/** Any public address: what is asked of it is sent to loopback. */
const ADDRESS = '93.184.215.14';
const clock = createSystemClock();
const soon = new Date(clock.now().getTime() + HOUR_MS);

async function openPool({ databaseUrl }: GatewayPlan): Promise<SqlPool> {
  if (databaseUrl === null) return openFreshDatabase();
  const options = { deadlines: DEFAULT_POSTGRES_DEADLINES, log: silentLog, maxConnections: CONNECTIONS };
  return openPostgres({ connectionString: databaseUrl, ...options });
}

/** A task that attempt 1 holds, its permits and its opened host, as the coordinator would have written them. */
async function writeTask(store: Store): Promise<Task> {
  await store.takeOver('bench', clock.now());
  return store.transaction(async (records) => {
    const at = clock.now();
    const { id } = await records.conversations.ensure({ channel: 'bench', externalId: 'main' }, 'main', at);
    const created = await records.tasks.create({
      conversationId: id,
      turnId: 'turn-1',
      title: 'bench',
      goal: 'bench',
      origin: { kind: 'owner', person: 'Bench' },
      priority: 3,
      createdAt: at,
      deadline: soon,
      capabilities: () => [],
    });
    const moved = moveTask(created, { kind: 'attached', leaseUntil: soon, sandbox: NO_SANDBOX }, at);
    if (moved.kind === 'refused') throw new Error(moved.reason);
    await records.tasks.update(moved.task);
    const [host = '', port] = SOURCE.split(':');
    await records.network.openHost({ task: created.id, host, port: Number(port), approval: null }, at);
    for (let index = 0; index < plan.permits; index += 1) {
      const call = {
        task: created.id,
        callId: callIdOf(index),
        tool: 'http.fetch',
        arguments: canonicalRequest(SITE_REQUEST),
      };
      const permit = { id: permitIdOf(index), call, digest: digestOf(call), approval: null };
      await records.permits.insert({ ...permit, expiresAt: soon, retry: 0 });
    }
    return moved.task;
  });
}

const NO_SANDBOX: SandboxLevel = {
  launcher: 'bench',
  separateUids: false,
  namespaces: [],
  seccomp: false,
  cgroup: 'none',
  limits: { memory: 'process', processes: 'namespace', cpu: 'nice', scratch: 'watched' },
  notes: [],
};

const pool = await openPool(plan);
await migrate(pool, MIGRATIONS_DIRECTORY);
const task = await writeTask(await createPostgresStore({ pool }));
const model = createOpenAiModel({ baseUrl: plan.modelUrl, apiKey: '', model: 'bench-1', timeouts: TIMEOUTS });
const noCap = { tokens: null, micros: null };
const named = { name: 'bench-1', model };
const gateway = createGateway({
  models: () => ({ coordinator: named, executor: named, fallback: null, vision: null }),
  budget: () => ({
    caps: { task: { tokens: 1_000_000_000, micros: null }, day: noCap, month: noCap },
    prices: {},
    timeZone: 'UTC',
  }),
  store: createGatewayStore({ pool }),
  tokenKey: Buffer.from(plan.tokenKey, 'hex'),
  clock,
  log: silentLog,
  limits: DEFAULT_GATEWAY_LIMITS,
  network: {
    resolve: async () => [ADDRESS],
    connect: (_address, port) =>
      connect({ host: '127.0.0.1', port: port === 443 ? plan.sourcePort : plan.sitePort }),
  },
});
await gateway.listen({ socketPath: plan.socketPath });
process.stdin
  .on('end', () => {
    void pool.close().then(() => process.exit(0));
  })
  .resume();
process.stdout.write(`${task.id}\n`);
