import type { Role } from '@reeve/core';
import { failureText, type InboxEntry, type Log, type Sender, type Store } from '@reeve/core';
import type { CommandAnswer, CommandDeps } from './command-registry.ts';
import { failed } from './command-registry.ts';
import { COMMANDS } from './commands.ts';
import { keepTrying } from './keep-trying.ts';
import { deskFor } from './task-reach.ts';
import { replyEntry } from './turn.ts';

/**
 * Handles one slash command at once, past every queue and without a model, and commits its answer. A command that
 * breaks is answered with a reference for the log rather than tried again: it may have done its part. Its answer is
 * committed as soon as the database lets it.
 */
export function createCommandHandler(
  deps: CommandDeps & {
    store: Store;
    newId: () => string;
    log: Log;
    roleOf: (sender: Sender, channel: string) => Role;
    onAnswered: () => void;
    /** Ends the waiting for a database that is away. */
    signal: AbortSignal;
  },
): (entry: InboxEntry) => Promise<void> {
  return async (entry) => {
    const result = await run(deps, entry, deps.roleOf(entry.sender, entry.chat.channel));
    const markdown = result.kind === 'text' ? result.markdown : failureText(result.failure);
    const now = deps.clock.now();
    const answered = replyEntry(deps.newId(), entry, markdown, {
      kind: 'command',
      turnId: entry.id,
      ...(result.kind === 'failed' ? { failure: result.failure.code } : {}),
    });
    const commit = () =>
      deps.store.transaction(async (records) => {
        await records.outbox.add(answered, now);
        await records.inbox.markHandled([entry.id], now);
        if (result.kind === 'text') await result.also?.(records);
      });
    await keepTrying(commit, { ...deps, what: 'the answer to a command' });
    deps.onAnswered();
  };
}

async function run(
  deps: CommandDeps & { newId: () => string; log: Log },
  entry: InboxEntry,
  role: Role,
): Promise<CommandAnswer> {
  const [, name = '', rest = ''] = /^\s*\/([A-Za-z]+)(?:@\S+)?\s*([\s\S]*)$/.exec(entry.text) ?? [];
  const command = COMMANDS.get(name.toLowerCase());
  if (!command || (command.ownerOnly && role !== 'owner')) return failed('command-unknown', `/${name}`);
  try {
    const reaching = { ...deps, taskDesk: deskFor(deps, { entry, role }) };
    return await command.run(reaching, { entry, name: command.name, rest: rest.trim(), role });
  } catch (error) {
    const reference = deps.newId().slice(-6);
    deps.log.error({ err: error, command: name, reference }, 'a command failed');
    return failed('internal', `reference ${reference}`);
  }
}
