import { Command, CommanderError } from 'commander';
import { refuseUsage } from './secret/refuse-usage.ts';
import { EXIT, UserError } from './user-error.ts';
import { VERSION } from './version.ts';

const program = new Command('reeve')
  .description(
    'Reeve: a personal agent that plans, delegates to sandboxed workers, and asks before anything that cannot be taken back.',
  )
  .version(VERSION)
  .exitOverride()
  .showHelpAfterError('(reeve --help lists the commands)');

program
  .command('up')
  .description('start everything on this machine; with a terminal, open the chat')
  .action(async () => exit((await import('./up/up.ts')).up()));

program
  .command('chat')
  .description('talk to Reeve: the terminal chat, or one message from a script')
  .option(
    '--message <text>',
    'send one message, show what comes of it, and exit when its tasks have ended; “-” reads it from standard input',
  )
  .option('--attach <file...>', 'files to send with the message')
  .option('--conversation <name>', 'the conversation to talk in', 'main')
  .option('--approve <answer>', 'what to say to questions: once, deny, or none (leave them open)', 'none')
  .option('--json', 'print each event as one JSON line')
  .option('--timeout <seconds>', 'give up waiting after this long; the tasks go on')
  .action(async (options) => exit((await import('./chat/chat-command.ts')).chat(options)));

program
  .command('web')
  .description('print a new link to the web chat of the Reeve that runs here; it signs one browser in')
  .option('--as <id>', 'sign in somebody whom you admitted with /people add http <id>, instead of yourself')
  .action(async ({ as }: { as?: string }) => exit((await import('./web-link.ts')).printWebLink(as ?? null)));

program
  .command('doctor')
  .description('check this machine and this Reeve, each finding with its fix')
  .option('--json', 'print the findings as JSON')
  .action(async (options) => exit((await import('./doctor/doctor.ts')).doctor(options)));

const audit = program.command('audit').description('the tamper-evident log of everything that was done');
audit
  .command('verify')
  .description('check the whole chain and name the first broken entry')
  .option('--json', 'print the result as JSON')
  .action(async (options) => exit((await import('./audit/verify-audit.ts')).verifyAuditLog(options)));

const config = program.command('config').description('the settings of this Reeve');
config
  .command('print')
  .description('every setting, its value (secrets hidden) and where it came from')
  .option('--json', 'print them as JSON')
  .action(async (options) => exit((await import('./print-config.ts')).printConfig(options)));

const secret = program
  .command('secret')
  .description('keys and passwords that Reeve may use towards named hosts; values come from standard input')
  .configureOutput({ outputError: () => undefined })
  .showHelpAfterError(false)
  .exitOverride(refuseUsage);
secret
  .command('set')
  .description('make a secret, or replace its value and hosts')
  .argument('<name>', 'such as GITHUB; headers refer to it as secret:GITHUB')
  .requiredOption(
    '--host <host>',
    'a host it may go to, in full; once for each',
    (host: string, hosts: readonly string[] = []) => [...hosts, host],
  )
  .action(async (name, options) =>
    exit((await import('./secret/secret-commands.ts')).setSecret(name, options)),
  );
secret
  .command('list')
  .description('names, hosts, versions and dates; never values')
  .option('--json', 'print them as JSON')
  .action(async (options) => exit((await import('./secret/secret-commands.ts')).listSecrets(options)));
secret
  .command('rotate')
  .description('give a secret a new value for the same hosts')
  .argument('<name>')
  .action(async (name) => exit((await import('./secret/secret-commands.ts')).rotateSecret(name)));
secret
  .command('rm')
  .description('remove a secret')
  .argument('<name>')
  .action(async (name) => exit((await import('./secret/secret-commands.ts')).removeSecret(name)));
secret
  .command('rekey')
  .description('make a new version of the key that wraps all secrets')
  .action(async () => exit((await import('./secret/secret-commands.ts')).rekeySecrets()));

async function exit(code: number | Promise<number>): Promise<void> {
  process.exitCode = await code;
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UserError) {
    process.stderr.write(`${error.message}\n${error.fix}\n`);
    return error.exitCode;
  }
  process.stderr.write(
    `Reeve broke down: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT.failed;
}
