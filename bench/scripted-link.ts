import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  type AppendRequest,
  type Assignment,
  appendRequestSchema,
  assignmentSchema,
  executorTools,
  toWireName,
} from '@reeve/core';

/** An executor that asks for work. */
export interface Asking {
  /** When it asked, on the clock of `performance.now()`. */
  readonly at: number;
  /** Gives it these shell commands; resolves when the last has run. A row of equal ones is broken off as a loop. */
  give(commands: readonly string[]): Promise<readonly CommandRun[]>;
}

/** One command as the executor recorded it, on the clock of `performance.now()`. */
export interface CommandRun {
  /** When its intent was answered, so that it could begin. */
  readonly allowedAt: number;
  /** When its result came. */
  readonly endedAt: number;
}

/**
 * A task link that keeps time and nothing else: what executors cost is measured without a coordinator's own work. It
 * serves one executor at a time.
 */
export interface ScriptedLink extends AsyncDisposable {
  /** The next executor that asks. */
  next(): Promise<Asking>;
}

const FAR_MS = 3_600_000;

export async function openScriptedLink(socketPath: string): Promise<ScriptedLink> {
  let asked = Promise.withResolvers<Asking>();
  let onStep: (step: AppendRequest) => void = () => undefined;
  const answers: Readonly<Record<string, Handler>> = {
    'POST /attach': async (_request, response) => {
      asked.resolve({
        at: performance.now(),
        give(commands) {
          const runs: CommandRun[] = [];
          const { promise, resolve } = Promise.withResolvers<readonly CommandRun[]>();
          let allowedAt = 0;
          onStep = ({ body }) => {
            const now = performance.now();
            if (body.kind === 'intent') allowedAt = now;
            if (body.kind === 'result' && !body.ok) throw new Error(body.content);
            if (body.kind === 'result' && runs.push({ allowedAt, endedAt: now }) === commands.length)
              resolve(runs);
          };
          response.end(JSON.stringify(assignmentOf(commands)));
          return promise;
        },
      });
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
  const server = createServer((request, response) => {
    const handle = answers[`${request.method} ${request.url?.split('?')[0]}`];
    if (!handle) return void response.writeHead(404).end();
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  }).listen(socketPath);
  await once(server, 'listening');
  return {
    async next() {
      const asking = await asked.promise;
      asked = Promise.withResolvers<Asking>();
      return asking;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function textOf(request: IncomingMessage): Promise<string> {
  return Buffer.concat(await request.toArray()).toString();
}

/** A task whose model has just asked for these commands. */
function assignmentOf(commands: readonly string[]): Assignment {
  const toolCalls = commands.map((command, index) => ({
    id: `call-${index}`,
    type: 'function' as const,
    function: { name: toWireName('shell.run'), arguments: JSON.stringify({ command }) },
  }));
  const model = { kind: 'model', text: '', toolCalls, usage: null, model: 'bench-1' } as const;
  return assignmentSchema.parse({
    token: 'bench',
    task: {
      id: 'T-1',
      title: 'bench',
      goal: 'bench',
      origin: { kind: 'owner', person: 'Bench' },
      capabilities: [],
      deadline: new Date(Date.now() + FAR_MS).toISOString(),
      timeZone: 'UTC',
    },
    attempt: 1,
    steps: [{ seq: 1, attempt: 1, at: new Date().toISOString(), body: model }],
    inputs: [],
    tools: [...executorTools({ webSearch: false })],
    secrets: [],
    snapshot: null,
  });
}
