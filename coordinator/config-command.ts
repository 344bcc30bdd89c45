import {
  type ConfigRevision,
  failureText,
  isOwnerSetting,
  type Outcome,
  OWNER_SETTINGS,
  type OwnerSettingName,
  type SettingLayer,
  type SettingSource,
  type SettingView,
  shorten,
  showHiddenInLine,
} from '@reeve/core';
import {
  answer,
  type Command,
  type CommandAnswer,
  type CommandCall,
  type CommandDeps,
  failed,
} from './command-registry.ts';
import type { Changed } from './settings-desk.ts';
import { momentText } from './wording.ts';

const HISTORY = 20;
/** The word that takes the owner's own wish away. */
const DEFAULT = 'default';

export const config: Command = {
  name: 'config',
  usage: '[name [value | default] | history]',
  description: 'your settings: all of them, one explained, or one changed at once',
  ownerOnly: true,
  run: async (deps, call) => {
    const [, name = '', text = ''] = /^(\S*)\s*([\s\S]*)$/.exec(call.rest) ?? [];
    const wanted = name.toLowerCase();
    if (wanted === '') return answer(listText(deps));
    if (wanted === 'history') return historyAnswer(deps);
    if (!isOwnerSetting(wanted)) return failed('setting-unknown', shorten(showHiddenInLine(name), 40));
    return text === '' ? answer(explainText(deps, wanted)) : change(deps, call, wanted, text);
  },
};

export const voice: Command = {
  name: 'voice',
  usage: '[on | off | name of a voice]',
  description: 'whether answers are read out to you, and by whose voice',
  ownerOnly: true,
  run: async (deps, call) => {
    const wanted = call.rest.toLowerCase();
    if (wanted === '') return answer(voiceText(deps));
    return change(deps, call, wanted === 'on' || wanted === 'off' ? 'voice' : 'voice-name', call.rest);
  },
};

export const model: Command = {
  name: 'model',
  usage: '[name]',
  description: 'which model chats with you, or another one from now on',
  ownerOnly: true,
  run: async (deps, call) =>
    call.rest === ''
      ? answer(`Answering now: ${deps.modelSummary()}.\n\n${explainText(deps, 'model-chat')}`)
      : change(deps, call, 'model-chat', call.rest),
};

/** `/undo` without a file's name: the newest change of a setting is taken back. */
export async function undoSetting(deps: CommandDeps, call: CommandCall): Promise<CommandAnswer> {
  const outcome = await deps.config.undo({ by: call.entry.sender.name, request: call.entry.id });
  return changedAnswer(deps, outcome, true);
}

async function change(
  deps: CommandDeps,
  call: CommandCall,
  name: OwnerSettingName,
  text: string,
): Promise<CommandAnswer> {
  const { value, why } = splitReason(name, text);
  if (name === 'voice' && value.toLowerCase() === 'on' && !deps.speech.speaking.isOn)
    return failed('speaking-off');
  const outcome = await deps.config.change({
    name,
    text: value.toLowerCase() === DEFAULT ? null : value,
    why,
    by: call.entry.sender.name,
    request: call.entry.id,
  });
  return changedAnswer(deps, outcome, false);
}

/** `30 because calls take long`; a tone is the owner's own words, so in it nothing is split off. */
function splitReason(name: OwnerSettingName, text: string): { value: string; why: string | null } {
  const match = name === 'tone' ? null : /^([\s\S]*?)\s+because\s+([\s\S]+)$/i.exec(text);
  return match?.[1] && match[2]
    ? { value: match[1].trim(), why: shorten(match[2].trim(), 300) }
    : { value: text.trim(), why: null };
}

function changedAnswer(deps: CommandDeps, outcome: Outcome<Changed>, isUndo: boolean): CommandAnswer {
  if (outcome.kind === 'failed') return { kind: 'failed', failure: outcome.failure };
  const { before, after } = outcome.value;
  const name = showHiddenInLine(after.name);
  const isSame = before.value === after.value;
  const sentence = isSame
    ? `**${name}** stays ${valueText(after)} (${SOURCES[after.source]}).`
    : `**${name}**: ${valueText(before)} → ${valueText(after)} (${SOURCES[after.source]}). It counts from now on; ${isUndo ? '/undo again takes back the change before it' : '/undo takes it back'}.`;
  const models =
    OWNER_SETTINGS[after.name].group === 'Models' ? ` Answering now: ${deps.modelSummary()}.` : '';
  return answer(`${isUndo ? 'Taken back. ' : ''}${sentence}${models}`);
}

const SOURCES: Readonly<Record<SettingSource, string>> = {
  unset: 'nobody has set it',
  default: 'default',
  file: 'from the settings file',
  owner: 'you',
  environment: 'from the environment of the operator',
};

const LAYERS: Readonly<Record<SettingLayer['source'], string>> = {
  default: 'default',
  file: 'settings file',
  owner: 'you',
  environment: 'environment',
};

function valueText({ value }: SettingView): string {
  return codeText(value);
}

function codeText(value: string): string {
  return `\`${showHiddenInLine(value).replaceAll('`', '’')}\``;
}

function sourceText(view: SettingView, timeZone: string): string {
  const when = view.source === 'owner' && view.revision ? `, ${momentText(view.revision.at, timeZone)}` : '';
  return `${SOURCES[view.source]}${when}`;
}

function listText(deps: CommandDeps): string {
  const zone = deps.timeZone();
  const lines: string[] = [];
  let group = '';
  for (const view of deps.config.views()) {
    const setting = OWNER_SETTINGS[view.name];
    if (setting.group !== group) lines.push(...(group === '' ? [] : ['']), `**${setting.group}**`);
    group = setting.group;
    lines.push(`- ${view.name}: ${valueText(view)} (${sourceText(view, zone)})`);
  }
  return [
    ...lines,
    '',
    'Type `/config name` for what one means, `/config name value` to change it, `/config history` for what was changed.',
  ].join('\n');
}

function explainText(deps: CommandDeps, name: OwnerSettingName): string {
  const view = deps.config.view(name);
  const setting = OWNER_SETTINGS[name];
  const first = setting.describe.charAt(0).toUpperCase() + setting.describe.slice(1);
  const why = view.revision?.why && view.source === 'owner' ? ` You said why: ${view.revision.why}.` : '';
  const next =
    view.source === 'environment'
      ? failureText({ code: 'setting-pinned', about: setting.env })
      : `Change it with \`/config ${name} ${setting.example}\`; \`/config ${name} ${DEFAULT}\` gives up your own choice.`;
  const { layers } = view;
  const said = layers.map(({ source, value }) => `${LAYERS[source]} ${codeText(value)}`).join(' → ');
  const order = layers.length === 1 ? '' : `\nThe last counts: ${said}.`;
  return `**${name}**: ${valueText(view)} (${sourceText(view, deps.timeZone())}).${why}\n${first}.${order}\n${next}`;
}

function voiceText(deps: CommandDeps): string {
  const { hearing, speaking } = deps.speech;
  return [
    explainText(deps, 'voice'),
    '',
    explainText(deps, 'voice-name'),
    '',
    `Listening to your voice notes: ${hearing.summary}.`,
    `Reading out: ${speaking.summary}.`,
  ].join('\n');
}

async function historyAnswer(deps: CommandDeps): Promise<CommandAnswer> {
  const revisions = await deps.config.history(HISTORY);
  if (revisions.length === 0) return answer('No setting has been changed here yet.');
  return answer(revisions.map((revision) => `- ${revisionText(revision, deps.timeZone())}`).join('\n'));
}

function revisionText(revision: ConfigRevision, timeZone: string): string {
  const { name, before, value, by, why, undoes, at } = revision;
  const shown = (text: string | null) => (text === null ? DEFAULT : codeText(text));
  const tail = [
    ...(undoes === null ? [] : [`takes change ${undoes} back`]),
    ...(why === null ? [] : [`because ${showHiddenInLine(why)}`]),
  ].map((text) => `; ${text}`);
  return `${revision.id}. ${momentText(at, timeZone)}, ${showHiddenInLine(by)}: ${showHiddenInLine(name)} ${shown(before)} → ${shown(value)}${tail.join('')}`;
}
