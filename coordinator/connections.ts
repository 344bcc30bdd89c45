import { PERSONA_FILES, type Store, showHiddenInLine } from '@reeve/core';
import type { CoordinatorDeps } from './coordinator-deps.ts';
import type { Reach } from './settings.ts';
import { countText } from './wording.ts';

/** Something that Reeve can be connected to, as it stands in the real configuration. */
export interface Connection {
  readonly name: string;
  readonly label: string;
  readonly isOn: boolean;
  /** A clause. */
  readonly state: string;
  /** What to do for it, in three lines at most. */
  readonly how: readonly string[];
}

export type ConnectionsReader = () => Promise<readonly Connection[]>;

/** Nothing is listed that does not exist, and nothing counts as connected that is not. */
export function createConnectionsReader(
  deps: Pick<CoordinatorDeps, 'secrets' | 'people' | 'settings' | 'live' | 'reach'> & {
    readonly store: Pick<Store, 'files'>;
  },
): ConnectionsReader {
  return async () => {
    const { hasModel, telegram } = deps.reach();
    const { webSearch, speech } = deps.settings;
    const [secrets, written] = await Promise.all([deps.secrets.list(), deps.store.files.find(PERSONA_FILES)]);
    return [
      telegramConnection(telegram),
      modelConnection(hasModel, deps.live().modelSummary),
      {
        name: 'search',
        label: 'Web search',
        isOn: webSearch.isOn,
        state: webSearch.isOn ? webSearch.summary : 'not yet',
        how: webSearch.isOn
          ? ['Ask for something that has to be looked up; workers search by themselves.']
          : [`${capital(fixIn(webSearch.summary))}. Then start again.`],
      },
      voiceConnection(speech),
      secretsConnection(secrets.map(({ name }) => showHiddenInLine(name))),
      peopleConnection(deps.people.list().length),
      filesConnection(written.map(({ path }) => path)),
      {
        name: 'api',
        label: 'Scripts',
        isOn: true,
        state: 'the local API is on',
        how: [
          'From a script: `npx reeve chat --json --message "…"`.',
          'From a program: the local API, at the web chat’s address; `/openapi.json` there describes it.',
          'Its token is in the file `keys/api-token` of Reeve’s folder, and works on this machine only.',
        ],
      },
    ];
  };
}

function telegramConnection(telegram: Reach['telegram']): Connection {
  const shared = { name: 'telegram', label: 'Telegram' };
  if (telegram === null)
    return {
      ...shared,
      isOn: false,
      state: 'not yet',
      how: [
        'Make a bot: write `/newbot` to @BotFather on Telegram, and copy the token that it gives you.',
        'Start again with `TELEGRAM_BOT_TOKEN=… npm start`; do not paste the token into a chat.',
        'Reeve then prints a link that makes you the bot’s owner.',
      ],
    };
  const state = telegram.isPaired ? 'connected' : 'waits for you';
  return { ...shared, isOn: telegram.isPaired, state, how: [telegram.summary] };
}

function modelConnection(hasModel: boolean, summary: string): Connection {
  const shared = { name: 'model', label: 'Model', isOn: hasModel };
  if (hasModel)
    return {
      ...shared,
      state: summary,
      how: [
        '`/model` and a name takes another one; `/config` lists the models for each kind of work.',
        '`/config model-vision` and the name of a model that sees: then photos are looked at.',
      ],
    };
  return {
    ...shared,
    state: 'not yet: a stand-in answers',
    how: [
      'With a key: `OPENROUTER_API_KEY=… npm start`, or `OPENAI_API_KEY=… npm start`. Do not paste a key into a chat.',
      'With a model on this machine: `OPENAI_BASE_URL=http://127.0.0.1:11434/v1 REEVE_MODEL_COORDINATOR=… npm start`.',
    ],
  };
}

function voiceConnection({ hearing, speaking }: CoordinatorDeps['settings']['speech']): Connection {
  const line = (verb: string, { isOn, summary }: typeof hearing) =>
    isOn ? `${verb}: ${summary}.` : `${verb}: not yet; ${fixIn(summary)}.`;
  const state = hearing.isOn
    ? speaking.isOn
      ? 'listens and reads out'
      : 'listens'
    : speaking.isOn
      ? 'reads out'
      : 'not yet';
  return {
    name: 'voice',
    label: 'Voice',
    isOn: hearing.isOn || speaking.isOn,
    state,
    how: [
      line('Listening to voice notes', hearing),
      line('Reading answers out', speaking),
      ...(speaking.isOn ? ['`/voice on` has answers read out on Telegram.'] : []),
    ],
  };
}

function secretsConnection(names: readonly string[]): Connection {
  return {
    name: 'secrets',
    label: 'Keys for services',
    isOn: names.length > 0,
    state: names.length === 0 ? 'none yet' : countText(names.length, 'key'),
    how: [
      ...(names.length === 0 ? [] : [`There are: ${names.join(', ')}.`]),
      'In a terminal on this machine: `npx reeve secret set GITHUB --host api.github.com`. It asks for the value.',
      'Then say “use secret:GITHUB” here. The value reaches neither a model nor a worker, only that host.',
    ],
  };
}

function peopleConnection(count: number): Connection {
  return {
    name: 'people',
    label: 'People',
    isOn: count > 0,
    state: count === 0 ? 'only you' : `you and ${count} more`,
    how: [
      '`/people` lists who may talk to me; `/people add telegram 123456 member Grace` admits somebody.',
      'A member talks and starts tasks that change none of your files; every yes or no stays yours.',
    ],
  };
}

function filesConnection(written: readonly string[]): Connection {
  return {
    name: 'files',
    label: 'Who I am',
    isOn: written.length > 0,
    state: written.length === 0 ? 'nothing written yet' : written.join(', '),
    how: [
      'Files of yours that I read with every message: SOUL.md (who I am), USER.md (whom I work for), INSTRUCTIONS.md (what always holds).',
      'Say “write a file SOUL.md with …”, and say yes when I ask.',
      '`/always answer in French` adds a line to INSTRUCTIONS.md.',
    ],
  };
}

/** What a summary of something that is off says is to be set. */
function fixIn(summary: string): string {
  return summary.replace(/^off:\s*/, '');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
