import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Log, type NewSecretValue, parsePrivateHost } from '@reeve/core';
import { createApiClient, type TaskDetail } from '../chat/api-client.ts';
import { openHome } from '../home.ts';
import { resolveSettings } from '../settings.ts';
import { startStack } from '../up/stack.ts';
import { eventually } from './reeve-process.ts';
import { type ScriptedToolCall, startScriptedModelServer } from './scripted-model-server.ts';

/** A whole Reeve in the test's process, whose gateway finds every host on loopback. */
export interface WalledReeve {
  /** Runs a task that makes these calls, answering each question; resolves with what each call came to. */
  run(calls: readonly ScriptedToolCall[], options?: RunOptions): Promise<TaskRun>;
  /** Sets a secret through the API, as `reeve secret set` does. */
  setSecret(secret: NewSecretValue): Promise<void>;
  status(): Promise<string>;
  /** Everything that was logged, as text. */
  readonly logged: readonly string[];
  close(): Promise<void>;
}

export interface RunOptions {
  readonly decide?: 'once' | 'deny';
  /** Words that come with the request; addresses in them may be read. */
  readonly words?: string;
}

export interface TaskRun {
  readonly results: readonly { readonly tool: string; readonly ok: boolean; readonly content: string }[];
  readonly asked: TaskDetail['approvals'];
}

const LIMIT_MS = 60_000;

/** `portFor` says which port of loopback stands for a port of the outside. */
export async function startWalledReeve(options: {
  readonly portFor: (port: number) => number;
  /** Exempt from the wall around private addresses, as `host:port`. */
  readonly privateHosts: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
}): Promise<WalledReeve> {
  const directory = await mkdtemp(path.join(tmpdir(), 'reeve-walled-'));
  const models = await startScriptedModelServer();
  const logged: string[] = [];
  const write = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const home = await openHome(directory);
  const resolved = resolveSettings(
    {
      REEVE_HOME: directory,
      REEVE_PORT: '0',
      REEVE_TIME_ZONE: 'UTC',
      OPENAI_BASE_URL: models.url,
      OPENAI_API_KEY: 'sk-test',
      REEVE_MODEL_COORDINATOR: 'chat-model',
      REEVE_MODEL_EXECUTOR: 'work-model',
      REEVE_PRIVATE_HOSTS: options.privateHosts.join(','),
      ...options.settings,
    },
    {},
  );
  if (resolved.kind === 'invalid') throw new Error(resolved.problems.join(' '));
  for (const host of options.privateHosts)
    if (parsePrivateHost(host).kind === 'refused') throw new Error(host);
  const stack = await startStack({
    home,
    settings: resolved.settings.values,
    fixed: resolved.settings.fixed,
    log,
    version: '0.0.0-test',
    network: {
      resolve: async () => ['127.0.0.1'],
      connect: (host, port) => connect({ host, port: options.portFor(port) }),
    },
  });
  const client = createApiClient(stack);
  let runs = 0;

  async function decideAll(decision: 'once' | 'deny', until: () => boolean): Promise<void> {
    while (!until()) {
      for (const { code } of await client.pendingApprovals()) await client.decide(code, decision);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function ended(id: string): Promise<TaskDetail> {
    return eventually(
      `the end of ${id}`,
      async () => {
        const detail = await client.getTask(id).catch(() => null);
        return detail && ['succeeded', 'failed', 'expired'].includes(detail.state) ? detail : null;
      },
      LIMIT_MS,
    );
  }

  return {
    logged,
    async run(calls, { decide = 'once', words = '' } = {}) {
      runs += 1;
      const id = `T-${runs}`;
      await client.sendMessage({
        conversation: 'main',
        text: `${models.words(calls)} ${words}`,
        attachments: [],
        clientId: `message-${runs}`,
      });
      let isOver = false;
      const deciding = decideAll(decide, () => isOver);
      try {
        const { stepList, approvals } = await ended(id);
        const results = stepList.flatMap(({ body }) => (body.kind === 'result' ? [body] : []));
        return { results, asked: approvals };
      } finally {
        isOver = true;
        await deciding;
      }
    },
    async setSecret(secret) {
      const answer = await fetch(new URL(`/v1/secrets/${secret.name}`, stack.url), {
        method: 'PUT',
        headers: { authorization: `Bearer ${stack.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ value: secret.value, hosts: secret.hosts }),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    status: async () => (await client.status()).webSearch,
    async close() {
      await stack.stop();
      await models.close();
      await home.release();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
