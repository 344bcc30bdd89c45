import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { signToken, taskIdStrictSchema } from '@reeve/core';
import { startChild } from '../children.ts';
import { type Figure, type Floor, toFigure } from '../figure.ts';
import { startFloorServer } from '../floors.ts';
import { callIdOf, type GatewayPlan, permitIdOf, SITE_REQUEST, SOURCE } from '../gateway-house/plan.ts';
import { createLoopback, type Loopback } from '../loopback.ts';
import { takeSamples, timed } from '../measure.ts';
import { sayText } from '../model-script.ts';
import { type ModelServer, openModelServer } from '../model-server.ts';
import type { SectionDeps } from '../section.ts';
import { SERVER_NOTE } from '../servers.ts';
import { measureBudget } from './budget.ts';

const GATEWAY = new URL('../gateway-house/main.ts', import.meta.url);
const SOURCE_PROGRAM = new URL('../floor/byte-source.ts', import.meta.url);
const CALLS = { warmUp: 20, samples: 150 };
const REQUESTS = { warmUp: 20, samples: 150 };
const SET_UPS = { warmUp: 5, samples: 50 };
const TRANSFERS = { warmUp: 1, samples: 5 };
const TRANSFER_MB = 64;
const MB = 1024 ** 2;
const TOKEN_SECONDS = 600;

/** Where a gateway of the bench listens, and what its one task is called. */
interface Door {
  readonly id: 'embedded' | 'server';
  readonly socketPath: string;
  readonly token: string;
  readonly note: string;
}

/** What the one door out costs: model calls, requests and tunnels through it against the same without it, and budgets. */
export async function measureGateway({ servers }: SectionDeps): Promise<readonly Figure[]> {
  await using model = await openModelServer();
  await using site = await startFloorServer();
  await using source = await startChild(SOURCE_PROGRAM);
  const ports = { sitePort: site.port, sourcePort: Number(source.firstLine) };
  const floors = await measureFloors(model, ports);
  const figures: Figure[] = [];
  const fresh = await servers.fresh();
  for (const databaseUrl of [null, ...(fresh ? [fresh.settings.DATABASE_URL] : [])]) {
    await using door = await openDoor({ ...ports, modelUrl: model.baseUrl, databaseUrl });
    figures.push(...(await measureCalls(door, model, floors.calls)));
    figures.push(await measureRequests(door, floors.request));
    if (door.id === 'embedded') figures.push(...(await measureTunnels(door, floors)));
  }
  return [...figures, ...(await measureBudget(servers))];
}

async function openDoor(
  plan: Omit<GatewayPlan, 'socketPath' | 'tokenKey' | 'permits'>,
): Promise<Door & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), 'reeve-bench-'));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const key = Buffer.alloc(32, 7);
  const socketPath = path.join(directory, 'gateway.sock');
  const permits = REQUESTS.warmUp + REQUESTS.samples;
  const full: GatewayPlan = { ...plan, socketPath, tokenKey: key.toString('hex'), permits };
  const gateway = opened.use(await startChild(GATEWAY, [JSON.stringify(full)]));
  const expires = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  const task = taskIdStrictSchema.parse(gateway.firstLine);
  const token = signToken({ role: 'task', task, attempt: 1, capabilities: [], expires }, key);
  const resources = opened.move();
  const isServer = plan.databaseUrl !== null;
  return {
    id: isServer ? 'server' : 'embedded',
    socketPath,
    token,
    note: isServer ? SERVER_NOTE : 'PGlite in its worker thread',
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

interface Floors {
  readonly calls: CallSamples;
  readonly request: Floor;
  readonly setUp: Floor;
  readonly throughput: Floor;
}

async function measureFloors(
  model: ModelServer,
  { sitePort, sourcePort }: { readonly sitePort: number; readonly sourcePort: number },
): Promise<Floors> {
  using direct = createLoopback({ port: Number(new URL(model.baseUrl).port) }, '');
  const calls = await sampleCalls(direct, model, 0);
  const request = await takeSamples(REQUESTS, () => timed(() => sendDirectly(sitePort)));
  const straight = async () => connect({ port: sourcePort, host: '127.0.0.1' });
  return {
    calls,
    request: { title: 'the same straight to the site', samples: request },
    setUp: { title: 'TCP straight to it', samples: await sampleSetUps(straight) },
    throughput: { title: 'TCP straight to it', samples: await sampleThroughput(straight) },
  };
}

/** One request on a connection of its own, as the gateway makes them. */
async function sendDirectly(port: number): Promise<void> {
  const { method, body } = SITE_REQUEST;
  const outgoing = httpRequest({ host: '127.0.0.1', port, method, agent: new Agent({ keepAlive: false }) });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
}

interface CallSamples {
  readonly first: number[];
  readonly total: number[];
}

/** Streams completions one after the other: what each took beyond the model's own time. */
async function sampleCalls(client: Loopback, model: ModelServer, firstTag: number): Promise<CallSamples> {
  const total: number[] = [];
  const first = await takeSamples(CALLS, async (index) => {
    const text = sayText(firstTag + index);
    const messages = [{ role: 'user', content: text }];
    const body = { model: 'bench-1', messages, stream: true, stream_options: { include_usage: true } };
    const askedAt = performance.now();
    const response = await client.open('POST', '/v1/chat/completions', JSON.stringify(body));
    if (response.statusCode !== 200) throw new Error(`a model call was answered with ${response.statusCode}`);
    let firstAt = 0;
    for await (const _ of response) firstAt ||= performance.now();
    const endedAt = performance.now();
    const exchange = model.exchange(`${text} #0`);
    if (index >= CALLS.warmUp) total.push(endedAt - askedAt - (exchange.endedAt - exchange.requestedAt));
    return firstAt - askedAt - (exchange.firstByteAt - exchange.requestedAt);
  });
  return { first, total };
}

async function measureCalls(door: Door, model: ModelServer, floor: CallSamples): Promise<Figure[]> {
  using client = createLoopback({ socketPath: door.socketPath }, door.token);
  const firstTag = door.id === 'server' ? 2000 : 1000;
  const { first, total } = await sampleCalls(client, model, firstTag);
  const figure = (id: string, title: string, samples: number[], floorSamples: number[]) =>
    toFigure({
      id: `gateway.${door.id}-${id}`,
      title,
      unit: 'ms',
      samples,
      floor: { title: 'straight to the model', samples: floorSamples },
      note: door.note,
    });
  return [
    figure('first', 'model call to its first words, over model time', first, floor.first),
    figure('total', 'model call to its end, over model time', total, floor.total),
  ];
}

/** Requests under a permit each: taken, used up, sent, settled and audited. */
async function measureRequests(door: Door, floor: Floor): Promise<Figure> {
  using client = createLoopback({ socketPath: door.socketPath }, door.token);
  const samples = await takeSamples(REQUESTS, (index) => {
    const call = { callId: callIdOf(index), permit: permitIdOf(index), request: SITE_REQUEST };
    return timed(async () => {
      const { status, text } = await client.send('POST', '/request', JSON.stringify(call));
      if (status !== 200 || !text.includes('"response"')) throw new Error(`${status} ${text}`);
    });
  });
  return toFigure({
    id: `gateway.${door.id}-request`,
    title: 'request under a permit, audit included',
    unit: 'ms',
    samples,
    floor,
    note: door.note,
  });
}

async function measureTunnels(door: Door, floors: Floors): Promise<Figure[]> {
  const open = () => openTunnel(door);
  return [
    toFigure({
      id: 'gateway.tunnel-set-up',
      title: 'tunnel to an opened host, to its first byte',
      unit: 'ms',
      samples: await sampleSetUps(open),
      floor: floors.setUp,
      note: `its audit entry included, ${door.note}`,
    }),
    toFigure({
      id: 'gateway.tunnel',
      title: `${TRANSFER_MB} MB through a tunnel`,
      unit: 'MB/s',
      samples: await sampleThroughput(open),
      isRate: true,
      floor: floors.throughput,
      note: 'from the gateway’s socket; what the loop and the sandbox add is not in it',
    }),
  ];
}

async function openTunnel({ socketPath, token }: Door): Promise<Socket> {
  const socket = connect({ path: socketPath });
  socket.write(
    `CONNECT ${SOURCE} HTTP/1.1\r\nHost: ${SOURCE}\r\nProxy-Authorization: Bearer ${token}\r\n\r\n`,
  );
  const [head] = (await once(socket, 'data')) as [Buffer];
  if (!head.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(head.toString('latin1'));
  return socket;
}

async function sampleSetUps(open: () => Promise<Socket>): Promise<number[]> {
  return takeSamples(SET_UPS, async () => {
    const startedAt = performance.now();
    const socket = await open();
    const bytes = await receive(socket, 1);
    if (bytes !== 1) throw new Error(`${bytes} bytes came instead of one`);
    return performance.now() - startedAt;
  });
}

async function sampleThroughput(open: () => Promise<Socket>): Promise<number[]> {
  return takeSamples(TRANSFERS, async () => {
    const socket = await open();
    const milliseconds = await timed(async () => {
      const bytes = await receive(socket, TRANSFER_MB * MB);
      if (bytes !== TRANSFER_MB * MB) throw new Error(`${bytes} bytes came`);
    });
    return TRANSFER_MB / (milliseconds / 1000);
  });
}

/** Asks the far end for so many bytes and counts what comes until it ends. */
async function receive(socket: Socket, wanted: number): Promise<number> {
  socket.write(`${wanted}\n`);
  let bytes = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}
