import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { readConfig, wantsColour } from '../config.ts';
import { findRunning, openHome } from '../home.ts';
import { createFileLog } from '../log.ts';
import { requireSandbox } from '../up/require-sandbox.ts';
import { startStack } from '../up/stack.ts';
import { EXIT, UserError } from '../user-error.ts';
import { VERSION } from '../version.ts';
import { createApiClient } from './api-client.ts';
import { runScriptChat } from './run-script-chat.ts';
import { runTerminalChat } from './terminal-chat.ts';

export interface ChatOptions {
  readonly message?: string;
  readonly attach?: readonly string[];
  readonly conversation: string;
  readonly approve: string;
  readonly json?: boolean;
  readonly timeout?: string;
}

/** What is there to talk to, and how to let go of it. */
interface Reachable {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

const APPROVALS = ['once', 'deny', 'none'] as const;

/**
 * `reeve chat`: talks to the Reeve that runs on this home; when none runs, starts one for as long as the chat lasts.
 */
export async function chat(options: ChatOptions): Promise<number> {
  const approve = APPROVALS.find((answer) => answer === options.approve);
  if (!approve)
    throw new UserError(
      `--approve takes once, deny or none, not “${options.approve}”.`,
      'Nothing was sent.',
      EXIT.usage,
    );
  const timeoutMs = readTimeout(options.timeout);
  if (options.message === undefined && !process.stdin.isTTY) {
    throw new UserError(
      'There is no terminal to chat in. Nothing was sent.',
      'Use --message "…" to send one message.',
      EXIT.usage,
    );
  }
  const reachable = await reach();
  try {
    if (options.message === undefined) {
      await runTerminalChat({
        ...reachable,
        conversation: options.conversation,
        colour: wantsColour(),
        input: process.stdin,
        output: process.stdout,
      });
      return EXIT.ok;
    }
    const message = options.message === '-' ? await text(process.stdin) : options.message;
    const client = createApiClient(reachable);
    const attachments = await upload(client, options.attach ?? []);
    return await runScriptChat({
      client,
      message,
      attachments,
      conversation: options.conversation,
      approve,
      json: options.json ?? false,
      write: (line) => process.stdout.write(`${line}\n`),
      complain: (line) => process.stderr.write(`${line}\n`),
      newId: randomUUID,
      signal: AbortSignal.any([
        interrupted(),
        ...(timeoutMs === null ? [] : [AbortSignal.timeout(timeoutMs)]),
      ]),
    });
  } finally {
    await reachable.close();
  }
}

function readTimeout(seconds: string | undefined): number | null {
  if (seconds === undefined) return null;
  const value = Number(seconds);
  if (!(value > 0))
    throw new UserError(
      `--timeout takes a number of seconds, not “${seconds}”.`,
      'Nothing was sent.',
      EXIT.usage,
    );
  return value * 1000;
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort(new Error('interrupted')));
  process.once('SIGTERM', () => controller.abort(new Error('terminated')));
  return controller.signal;
}

async function reach(): Promise<Reachable> {
  const { values: settings } = readConfig();
  const running = await findRunning(settings.REEVE_HOME);
  if (running) return { ...running, close: async () => undefined };
  await requireSandbox();
  const home = await openHome(settings.REEVE_HOME);
  const log = createFileLog(home.paths.log, settings.REEVE_LOG_LEVEL);
  const release = async () => {
    await home.release();
    log.flush();
  };
  try {
    const stack = await startStack({ home, settings: { ...settings, REEVE_PORT: 0 }, log, version: VERSION });
    return {
      url: stack.url,
      token: stack.token,
      async close() {
        await stack.stop();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function upload(
  client: ReturnType<typeof createApiClient>,
  files: readonly string[],
): Promise<string[]> {
  const stored: string[] = [];
  for (const file of files) {
    const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(
        `The file ${file} cannot be read: ${error.message}. Nothing was sent.`,
        'Check its name and permissions.',
        EXIT.usage,
      );
    });
    stored.push((await client.upload(path.basename(file), content)).path);
  }
  return stored;
}
