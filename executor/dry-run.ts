import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Assignment, toWireName } from '@reeve/core';
import { readText } from './link-transport.ts';
import { createServer } from './node-http.ts';

/**
 * Has `execute` carry out a whole small task against doors of its own at `socketPath`: a model that asks for the shell's
 * `:` once and then has done, a task link that takes everything. That is the very code and the very sandbox of a real
 * task, run before there is one: what a first run has to compile and to load would cost the task 35 ms. No real door
 * takes its token.
 */
export async function dryRun(
  socketPath: string,
  execute: (socketPath: string) => Promise<unknown>,
): Promise<void> {
  const answers = [askForCommand(), sayDone()];
  const server = createServer((request, response) => {
    serve(request, response, answers).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }).listen(socketPath);
  await once(server, 'listening');
  try {
    await execute(socketPath);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function serve(request: IncomingMessage, response: ServerResponse, answers: string[]): Promise<void> {
  if (request.url === '/control') {
    request.resume();
    response.writeHead(200).flushHeaders();
    return;
  }
  await readText(request);
  if (request.url === '/attach') response.end(JSON.stringify(assignment));
  else if (request.url === '/v1/chat/completions') response.end(answers.shift());
  else response.end('{"kind":"ok"}');
}

function askForCommand(): string {
  const call = { name: toWireName('shell.run'), arguments: JSON.stringify({ command: ':' }) };
  return streamed({ tool_calls: [{ index: 0, id: 'dry-run', function: call }] }, 'tool_calls');
}

function sayDone(): string {
  return streamed({ content: 'Done.' }, 'stop');
}

/** An answer in the form of a streamed chat completion. */
function streamed(delta: object, finishReason: string): string {
  const usage = { prompt_tokens: 1, completion_tokens: 1 };
  const chunks = [
    { model: 'dry-run', choices: [{ delta }] },
    { choices: [{ delta: {}, finish_reason: finishReason }] },
    { choices: [], usage },
  ];
  return [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]']
    .map((data) => `data: ${data}\n\n`)
    .join('');
}

const assignment: Assignment = {
  token: 'dry-run',
  task: {
    id: 'T-0',
    title: 'dry run',
    goal: 'dry run',
    origin: { kind: 'agent' },
    capabilities: [],
    deadline: '9999-12-31T23:59:59.000Z',
    timeZone: 'UTC',
  },
  attempt: 1,
  steps: [],
  inputs: [],
  tools: [{ type: 'function', function: { name: toWireName('shell.run') } }],
  secrets: [],
  snapshot: null,
};
