import { stderr, stdin, stdout } from 'node:process';
import { CoordinatorFenced } from '@reeve/core';
import { readLocalFile } from '../chat/local-file.ts';
import { readConfig, wantsColour } from '../config.ts';
import { openHome } from '../home.ts';
import { createFileLog } from '../log.ts';
import { EXIT, UserError } from '../user-error.ts';
import { VERSION } from '../version.ts';
import { requireSandbox } from './require-sandbox.ts';
import { type Stack, startStack } from './stack.ts';

/**
 * `reeve up`: starts everything and stays until it is told to stop. With a terminal it opens the chat as well. The
 * first Ctrl-C or SIGTERM stops in order; the second ends at once, which loses nothing that was accepted.
 */
export async function up(): Promise<number> {
  const { values: settings, fixed } = readConfig();
  await requireSandbox();
  const home = await openHome(settings.REEVE_HOME);
  const log = createFileLog(home.paths.log, settings.REEVE_LOG_LEVEL);
  try {
    const stack = await startStack({ home, settings, fixed, log, version: VERSION });
    stdout.write(greeting(stack, home.paths.root));
    const code = await stayUp(stack);
    return code;
  } finally {
    await home.release();
    log.flush();
  }
}

async function stayUp(stack: Stack): Promise<number> {
  const leaving = new AbortController();
  let signals = 0;
  const onSignal = () => {
    signals += 1;
    if (signals > 1) process.exit(EXIT.failed);
    stderr.write('Stopping. Tasks go on at the next start. Ctrl-C again ends at once.\n');
    leaving.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  const stopped = new Promise<void>((resolve) => leaving.signal.addEventListener('abort', () => resolve()));
  const chat = stdin.isTTY && stdout.isTTY ? openChat(stack, leaving.signal) : stopped;
  try {
    await Promise.race([stopped, stack.ended, chat]);
    return EXIT.ok;
  } catch (error) {
    throw error instanceof CoordinatorFenced ? takenOver() : error;
  } finally {
    leaving.abort();
    await chat;
    await stack.stop();
  }
}

function takenOver(): UserError {
  return new UserError(
    'Another Reeve has taken this database over, so this one has stopped. Its tasks go on there.',
    'Run one Reeve on a database; stop the other one to start this one again.',
  );
}

/** Resolves when the person leaves or the signal aborts, with the terminal as it was before. */
async function openChat(stack: Stack, signal: AbortSignal): Promise<void> {
  const { runTerminalChat } = await import('../chat/terminal-chat.ts');
  const { url, token } = stack;
  await runTerminalChat({
    url,
    token,
    conversation: 'main',
    colour: wantsColour(),
    input: stdin,
    output: stdout,
    readFile: readLocalFile,
    signal,
  });
}

function greeting(stack: Stack, home: string): string {
  const lines = [
    `Reeve is up at ${stack.url} (this machine only). Everything is in ${home}.`,
    `Web chat: ${stack.webLink} (signs one browser in; “npx reeve web” prints another)`,
    stack.isRehearsal
      ? 'No model is set, so the rehearsal model answers: a stand-in that drives the real machinery. Set OPENROUTER_API_KEY or OPENAI_API_KEY for a real one.'
      : `Model: ${stack.modelSummary}.`,
  ];
  if (stack.telegram !== null) lines.push(`Telegram: ${stack.telegram}`);
  return `${lines.join('\n')}\n`;
}
