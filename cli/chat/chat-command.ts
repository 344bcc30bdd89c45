import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { wantsColour } from '../config.ts';
import { EXIT, UserError } from '../user-error.ts';
import { createApiClient } from './api-client.ts';
import { ApiProblem, ApiUnreachable } from './api-error.ts';
import { readLocalFile } from './local-file.ts';
import { type Reachable, reach } from './reach.ts';
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

const APPROVALS = ['once', 'deny', 'none'] as const;

/** Longest that a timer can be set to, in milliseconds: 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * `reeve chat`: talks to the Reeve that runs on this home; when none runs, starts one for as long as the chat lasts.
 * Returns the exit code; `runScriptChat` lists those of a single message.
 *
 * @throws {UserError} for wrong options, and for what Reeve refuses before a message is sent.
 */
export async function chat(options: ChatOptions): Promise<number> {
  const approve = readApprove(options.approve);
  const timeoutMs = readTimeout(options.timeout);
  const { message } = options;
  if (message === undefined && !(process.stdin.isTTY && process.stdout.isTTY)) {
    throw new UserError(
      'There is no terminal to chat in. Nothing was sent.',
      'Use --message "…" to send one message.',
      EXIT.usage,
    );
  }
  const signal = interrupted();
  const reachable = await reach({ signal, complain: (line) => process.stderr.write(`${line}\n`) });
  try {
    if (message === undefined) return await chatInTerminal(reachable, options.conversation, signal);
    return await chatFromScript(reachable, { ...options, message, approve, timeoutMs }, signal);
  } catch (error) {
    if (error instanceof ApiProblem)
      throw new UserError(error.message, 'Nothing more was sent.', EXIT.failed);
    if (error instanceof ApiUnreachable)
      throw new UserError(error.message, 'Is it still up? `reeve doctor` tells more.', EXIT.usage);
    throw error;
  } finally {
    await reachable.close();
  }
}

async function chatInTerminal(
  reachable: Reachable,
  conversation: string,
  signal: AbortSignal,
): Promise<number> {
  await runTerminalChat({
    ...reachable,
    conversation,
    colour: wantsColour(),
    input: process.stdin,
    output: process.stdout,
    readFile: readLocalFile,
    signal,
  });
  return EXIT.ok;
}

async function chatFromScript(
  reachable: Reachable,
  options: ChatOptions & { message: string; approve: (typeof APPROVALS)[number]; timeoutMs: number | null },
  signal: AbortSignal,
): Promise<number> {
  const { conversation, approve, timeoutMs } = options;
  const client = createApiClient(reachable);
  return runScriptChat({
    client,
    message: options.message === '-' ? await text(process.stdin) : options.message,
    attachments: await upload(client, options.attach ?? []),
    conversation,
    approve,
    json: options.json ?? false,
    write: (line) => process.stdout.write(`${line}\n`),
    complain: (line) => process.stderr.write(`${line}\n`),
    newId: randomUUID,
    signal: timeoutMs === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
}

function readApprove(answer: string): (typeof APPROVALS)[number] {
  const approve = APPROVALS.find((known) => known === answer);
  if (approve) return approve;
  throw new UserError(
    `--approve takes once, deny or none, not “${answer}”.`,
    'Nothing was sent.',
    EXIT.usage,
  );
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
  return Math.min(LONGEST_TIMER_MS, value * 1000);
}

/** Aborts at the first signal to stop; the second one of a kind ends the process at once. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => controller.abort(new Error(signal)));
  // Whoever read the output is gone, as in `reeve chat … | head -1`.
  process.stdout.on('error', (error: Error) => controller.abort(error));
  return controller.signal;
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
