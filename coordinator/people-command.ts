import { type Person, shorten, showHiddenInLine } from '@reeve/core';
import {
  answer,
  type Command,
  type CommandAnswer,
  type CommandCall,
  type CommandDeps,
  failed,
} from './command-registry.ts';
import { LOCAL_CHANNEL } from './people.ts';
import { momentText } from './wording.ts';

const ADD_USAGE = 'type /people add telegram 123456 member Grace';
const REMOVE_USAGE = 'type /people remove telegram 123456';
const NAME_CHARACTERS = 60;

export const people: Command = {
  name: 'people',
  usage: '[add channel id member|owner [name] | remove channel id]',
  description: 'who may talk to me: everybody, somebody new, or one fewer',
  ownerOnly: true,
  run: async (deps, call) => {
    const [verb = '', ...words] = call.rest.split(/\s+/);
    switch (verb.toLowerCase()) {
      case '':
        return answer(listText(deps));
      case 'add':
        return add(deps, call, words);
      case 'remove':
        return remove(deps, call, words);
      default:
        return failed('command-usage', `${ADD_USAGE}, or ${REMOVE_USAGE.slice(5)}`);
    }
  },
};

async function add(
  deps: CommandDeps,
  call: CommandCall,
  [channel = '', externalId = '', word = '', ...name]: readonly string[],
): Promise<CommandAnswer> {
  const role = word.toLowerCase();
  if ((role !== 'member' && role !== 'owner') || !isId(channel) || !isId(externalId))
    return failed('command-usage', ADD_USAGE);
  const called = shorten(showHiddenInLine(name.join(' ')), NAME_CHARACTERS) || externalId;
  const outcome = await deps.people.add({
    channel: channel.toLowerCase(),
    externalId,
    role,
    name: called,
    addedBy: call.entry.sender.name,
  });
  if (outcome.kind === 'failed') return { kind: 'failed', failure: outcome.failure };
  const may =
    role === 'owner'
      ? 'may do everything that you may: approve, change settings, read your files, admit others'
      : 'may talk to me and start tasks, which read your files and change none; what needs a yes still needs yours';
  const missing = deps.hasChannel(channel.toLowerCase())
    ? ''
    : ` No channel ${channel.toLowerCase()} is set up here yet; it counts once one is.`;
  const link =
    outcome.value.channel === LOCAL_CHANNEL
      ? ` \`npm run reeve -- web --as ${externalId}\` on this machine prints a link that signs them in.`
      : '';
  return answer(`${personText(outcome.value)} ${may}.${missing}${link}`);
}

async function remove(
  deps: CommandDeps,
  call: CommandCall,
  [channel = '', externalId = '']: readonly string[],
): Promise<CommandAnswer> {
  if (!isId(channel) || !isId(externalId)) return failed('command-usage', REMOVE_USAGE);
  const outcome = await deps.people.remove(channel.toLowerCase(), externalId, call.entry.sender.name);
  return outcome.kind === 'ok'
    ? answer(
        `${personText(outcome.value)} is a stranger from now on. Tasks that they started go on; /cancel ends them.`,
      )
    : { kind: 'failed', failure: outcome.failure };
}

/** Ids of channels are opaque; one that holds nothing but visible characters can be typed and shown. */
function isId(text: string): boolean {
  return /^[\p{L}\p{N}@._:+-]{1,100}$/u.test(text);
}

function personText({ name, channel, externalId }: Person): string {
  return `**${name}** (${channel} ${externalId})`;
}

function listText(deps: CommandDeps): string {
  const known = deps.people.list();
  const lines = known.map(
    (person) =>
      `- ${personText(person)}: ${person.role}, added by ${showHiddenInLine(person.addedBy)}, ${momentText(person.addedAt, deps.timeZone())}`,
  );
  return [
    '- **You**, on this machine: owner, by the token of its local API',
    ...lines,
    '',
    `To admit somebody, ${ADD_USAGE.replace('type /', 'type `/')}\`. Everybody else is a stranger: nothing they write is read.`,
  ].join('\n');
}
