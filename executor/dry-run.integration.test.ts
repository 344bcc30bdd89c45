import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type AppendRequest, type Assignment, assignmentSchema, toWireName } from '@reeve/core';
import { sampleAssignment } from '@reeve/core/testing';
import { createGatewayModel } from '@reeve/model/gateway';
import { createBwrapLauncher } from '@reeve/sandbox';
import { expect, it } from 'vitest';
import { askForTask } from './ask-for-task.ts';
import { dryRun } from './dry-run.ts';
import { EXECUTOR_EXIT, execute } from './execute.ts';
import { takeUpHands } from './hands.ts';
import { createLinkClient } from './link-client.ts';
import { createLinkTransport, readText } from './link-transport.ts';
import { createFakeSandbox } from './testing/fake-house.ts';

/** Longer than an executor waits before it does its dry run, and than that takes. */
const IDLE_MS = 1500;
const LIMITS = { memoryBytes: 512 * 2 ** 20, scratchBytes: 64 * 2 ** 20, processes: 64, cpuPercent: 100 };

it('an executor that waits does its dry run, of which doors, scratch and its task see nothing', async () => {
  await using house = await openHouse();
  const warnings: string[] = [];
  const launcher = createBwrapLauncher({
    programs: {
      loop: resolve(import.meta.dirname, 'start.ts'),
      shim: resolve(import.meta.dirname, 'shim/main.ts'),
    },
    packages: resolve(import.meta.dirname, '../node_modules'),
    nodeBinary: process.execPath,
    linkSocket: house.link,
    gatewaySocket: house.gateway,
    stateDir: join(house.directory, 'state'),
    runtimeDir: join(house.directory, 'run'),
    logger: { warn: (details, message) => warnings.push(`${message} ${JSON.stringify(details)}`) },
  });
  const executor = await launcher.launch({ ticket: 'a-ticket-of-the-test', limits: LIMITS });
  await house.attached;
  await delay(IDLE_MS);
  expect(house.calls).toEqual(['link POST /attach']);

  house.give(taskThatRuns('ls -A /work /tmp ~; ps -e -o args='));
  const result = await house.result;
  expect(result.ok, result.content).toBe(true);
  expect(result.content).toMatch(/\/tmp:\n\n/);
  expect(result.content).not.toMatch(/dry/);
  expect(house.calls.every((call) => call.startsWith('link '))).toBe(true);
  await executor.kill();
  await launcher.close();
  for (const half of ['loop', 'shim'])
    expect(
      (await readdir(join(house.directory, 'state/compile-cache', half), { recursive: true })).length,
    ).toBeGreaterThan(1);
  expect(warnings).toEqual([]);
});

it('runs one command and ends as a task does', async () => {
  await using house = await openHouse();
  const { shim, commands } = createFakeSandbox();
  const clock = { now: () => new Date(), sleep: (milliseconds: number) => delay(milliseconds) };
  let code = -1;
  await dryRun(join(house.directory, 'doors/dry-run'), async (socketPath) => {
    const transport = createLinkTransport(socketPath);
    const assignment = assignmentSchema.parse(JSON.parse(await askForTask(transport, 'dry-run')));
    const link = createLinkClient(transport);
    const { scratchBytes: scratchLimitBytes } = LIMITS;
    code = await execute({
      assignment,
      link,
      createModel: (token) => createGatewayModel({ socketPath, token, role: 'executor' }),
      takeUpHands: (task) =>
        takeUpHands({ ...task, assignment, link, shim, scratchLimitBytes, gatewaySocket: '/nowhere', clock }),
      clock,
    });
  });
  expect({ code, commands }).toEqual({ code: EXECUTOR_EXIT.done, commands: [':'] });
  expect(house.calls).toEqual([]);
});

type Result = Extract<AppendRequest['body'], { kind: 'result' }>;

interface House extends AsyncDisposable {
  readonly directory: string;
  readonly link: string;
  readonly gateway: string;
  /** What came to either door. */
  readonly calls: string[];
  readonly attached: Promise<void>;
  readonly result: Promise<Result>;
  give(assignment: Assignment): void;
}

/** Both doors of an executor; the link gives it one task and hears the first result. */
async function openHouse(): Promise<House> {
  const directory = await mkdtemp(join(tmpdir(), 'reeve-dry-run-'));
  const doors = join(directory, 'doors');
  await mkdir(doors);
  const calls: string[] = [];
  const attached = Promise.withResolvers<void>();
  const given = Promise.withResolvers<Assignment>();
  const result = Promise.withResolvers<Result>();
  const listen = async (door: string): Promise<Server> => {
    const server = createServer(async (request, response) => {
      calls.push(`${door} ${request.method} ${request.url}`);
      if (request.url === '/control') return void response.writeHead(200).flushHeaders();
      const text = await readText(request);
      if (request.url === '/attach') {
        attached.resolve();
        return void response.end(JSON.stringify(await given.promise));
      }
      if (request.url === '/append') {
        const { body } = JSON.parse(text) as AppendRequest;
        if (body.kind === 'result') result.resolve(body);
      }
      response.end('{"kind":"ok"}');
    }).listen(join(doors, door));
    await once(server, 'listening');
    return server;
  };
  const servers = [await listen('link'), await listen('gateway')];
  return {
    directory,
    link: join(doors, 'link'),
    gateway: join(doors, 'gateway'),
    calls,
    attached: attached.promise,
    result: result.promise,
    give: given.resolve,
    async [Symbol.asyncDispose]() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A task whose model has just asked for this command. */
function taskThatRuns(command: string): Assignment {
  const call = { name: toWireName('shell.run'), arguments: JSON.stringify({ command }) };
  const toolCalls = [{ id: 'x', type: 'function' as const, function: call }];
  const body = { kind: 'model', text: '', toolCalls, usage: null, model: 'scripted' } as const;
  return sampleAssignment({ steps: [{ seq: 1, attempt: 1, at: '2026-11-20T10:00:00.000Z', body }] });
}
