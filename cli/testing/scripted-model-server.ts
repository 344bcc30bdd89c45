import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One tool call that a worker's model makes. */
export interface ScriptedToolCall {
  readonly tool: string;
  readonly arguments: object;
}

/** A model server whose conversations each start one task, and whose workers make the calls that the person's words name. */
export interface ScriptedModelServer {
  /** For `OPENAI_BASE_URL`. */
  readonly url: string;
  /** The words that start a task whose worker makes these calls and then says “Done.” */
  words(calls: readonly ScriptedToolCall[]): string;
  /** Every request's body as it came: what a provider sees. */
  asked(): readonly string[];
  close(): Promise<void>;
}

interface ChatBody {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

const MARK = /script-(\d+)/;

export async function startScriptedModelServer(): Promise<ScriptedModelServer> {
  const scripts: (readonly ScriptedToolCall[])[] = [];
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = await Array.fromAsync(request);
    const text = Buffer.concat(chunks).toString();
    asked.push(text);
    const body: ChatBody = JSON.parse(text);
    answer(response, body.model, body.model === 'chat-model' ? chat(body) : work(body, scripts));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    words: (calls) => `please do script-${scripts.push(calls) - 1} now`,
    asked: () => asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The coordinator's model: hands a person's words on as a task, and says nothing more. */
function chat({ messages }: ChatBody): ScriptedToolCall | null {
  const last = messages.at(-1);
  const script = last?.role === 'user' ? MARK.exec(last.content)?.[0] : undefined;
  return script === undefined ? null : { tool: 'task_start', arguments: { title: script, goal: script } };
}

function work(
  { messages }: ChatBody,
  scripts: readonly (readonly ScriptedToolCall[])[],
): ScriptedToolCall | null {
  const goal = messages.find(({ role }) => role === 'user')?.content ?? '';
  const made = messages.filter(({ role }) => role === 'tool').length;
  return scripts[Number(MARK.exec(goal)?.[1])]?.[made] ?? null;
}

/** A streamed chat completion with one tool call, or with two words. */
function answer(response: ServerResponse, model: string, call: ScriptedToolCall | null): void {
  const delta = call
    ? {
        role: 'assistant',
        tool_calls: [
          {
            index: 0,
            id: 'call-1',
            type: 'function',
            function: { name: call.tool, arguments: JSON.stringify(call.arguments) },
          },
        ],
      }
    : { role: 'assistant', content: 'Done.' };
  const base = { id: 'c', object: 'chat.completion.chunk', created: 1, model };
  const pieces = [
    { ...base, choices: [{ index: 0, delta, finish_reason: null }] },
    { ...base, choices: [{ index: 0, delta: {}, finish_reason: call ? 'tool_calls' : 'stop' }] },
    { ...base, choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`${pieces.map((piece) => `data: ${JSON.stringify(piece)}\n\n`).join('')}data: [DONE]\n\n`);
}
