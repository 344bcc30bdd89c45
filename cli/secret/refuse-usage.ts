import type { CommanderError } from 'commander';
import { EXIT, UserError } from '../user-error.ts';

/** Mistakes whose words repeat what was typed. */
const REPEATING: ReadonlySet<string> = new Set([
  'commander.excessArguments',
  'commander.unknownOption',
  'commander.unknownCommand',
]);

/**
 * Says what is wrong with the arguments of `reeve secret` without repeating any: what was typed may be a value, and what
 * is printed ends up in logs and on screens that others see.
 *
 * @throws {UserError} for every mistake.
 * @throws {CommanderError} for help, as it is.
 */
export function refuseUsage(error: CommanderError): never {
  if (error.exitCode === 0 || error.code === 'commander.help') throw error;
  throw new UserError(
    REPEATING.has(error.code) ? 'There is no such command. Nothing was stored or changed.' : error.message,
    'Values are read from standard input only, such as `reeve secret set NAME --host HOST < file`; `reeve secret --help` lists the commands.',
    EXIT.usage,
  );
}
