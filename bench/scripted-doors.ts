import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AppendRequest, appendRequestSchema, toWireName } from '@reeve/core';
import { sampleAssignment } from '@reeve/core/testing';
import { completionEvents } from './completion-events.ts';

/** An executor that asks for work. */
export interface Asking {
  /** When it asked, on the clock of `performance.now()`. */
  readonly at: number;
  /**
   * Gives it a task whose model wants these shell commands; resolves when the last has run. A row of equal ones is broken
   * off as a loop.
   */
  give(commands: readonly string[]): Promise<TaskRun>;
}

/** What an executor did, on the clock of `performance.now()`. */
export interface TaskRun {
  /** When its first step came: what its model wants. */
  readonly steppedAt: number;
  readonly commands: readonly CommandRun[];
}

/** One command as the executor recorded it, on the clock of `performance.now()`. */
export interface CommandRun {
  /** When its intent was answered, so that it could begin. */
  readonly allowedAt: number;
  /** When its result came. */
  readonly endedAt: number;
}

/**
 * A task link and a gateway that keep time and nothing else: what executors cost is measured without a coordinator's own
 * work and with a model that answers at once. They serve one executor at a time.
 */
export interface ScriptedDoors extends AsyncDisposable {
  /** The next executor that asks. */
  next(): Promise<Asking>;
}

export async function openScriptedDoors(sockets: {
  readonly link: string;
  readonly gateway: string;
}): Promise<ScriptedDoors> {
  let asked = Promise.withResolvers<Asking>();
  let onStep: (step: AppendRequest) => void = () => undefined;
  let wanted: readonly string[] = [];
  const assignment = JSON.stringify(sampleAssignment());
  const answers: Readonly<Record<string, Handler>> = {
    'POST /attach': async (_request, response) => {
      asked.resolve({
        at: performance.now(),
        give(commands) {
          const { run, onStep: note } = watchRun(commands.length);
          onStep = note;
          wanted = commands;
          response.end(assignment);
          return run;
        },
      });
    },
    'POST /v1/chat/completions': async (request, response) => {
      await textOf(request);
      const calls = wanted.map((command) => ({ name: toWireName('shell.run'), arguments: { command } }));
      wanted = [];
      response.end(completionEvents({ text: calls.length > 0 ? '' : 'Done.', calls }).join(''));
    },
    'POST /append': async (request, response) => {
      onStep(appendRequestSchema.parse(JSON.parse(await textOf(request))));
      response.end('{"kind":"ok"}');
    },
    'POST /control': async (request, response) => {
      request.resume();
      response.writeHead(200).flushHeaders();
    },
    'PUT /scratch': async (request, response) => {
      await textOf(request);
      response.end('{"kind":"ok"}');
    },
  };
  const servers = [sockets.link, sockets.gateway].map((socketPath) =>
    createServer((request, response) => {
      const handle = answers[`${request.method} ${request.url?.split('?')[0]}`];
      if (!handle) return void response.writeHead(404).end();
      handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    }).listen(socketPath),
  );
  await Promise.all(servers.map((server) => once(server, 'listening')));
  return {
    async next() {
      const asking = await asked.promise;
      asked = Promise.withResolvers<Asking>();
      return asking;
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => once(server.close(), 'close')));
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function textOf(request: IncomingMessage): Promise<string> {
  return Buffer.concat(await request.toArray()).toString();
}

/** Keeps the times of a task's steps until so many commands have run. */
function watchRun(count: number): { run: Promise<TaskRun>; onStep: (step: AppendRequest) => void } {
  const { promise: run, resolve } = Promise.withResolvers<TaskRun>();
  const commands: CommandRun[] = [];
  let steppedAt = 0;
  let allowedAt = 0;
  return {
    run,
    onStep({ body }) {
      const now = performance.now();
      if (body.kind === 'model') steppedAt ||= now;
      if (body.kind === 'intent') allowedAt = now;
      if (body.kind !== 'result') return;
      if (!body.ok) throw new Error(body.content);
      if (commands.push({ allowedAt, endedAt: now }) === count) resolve({ steppedAt, commands });
    },
  };
}
