import { z } from 'zod';
import { dateFormats } from './date-formats.ts';
import {
  type ContextBudgets,
  contextBudgets,
  dollars,
  modelName,
  OFF,
  oneOf,
  onOff,
  orOff,
  ownWords,
  type QuietHours,
  quietHours,
  timeZone,
  voiceName,
  wholeNumber,
} from './setting-schema.ts';

/** One setting that the owner may change while Reeve runs. */
export interface OwnerSetting<Schema extends z.ZodType = z.ZodType> {
  /** What it is called in the environment and in the settings file. */
  readonly env: string;
  readonly group: 'Models' | 'Limits' | 'Conversation' | 'Voice' | 'Time';
  /** The same for every layer: text as people type it, or the file's JSON. */
  readonly schema: Schema;
  readonly describe: string;
  /** A value that it takes. */
  readonly example: string;
}

const tokenCap = orOff(wholeNumber(1000, 1_000_000_000_000));
const usdCap = orOff(dollars);

/** What a model gets of a conversation unless somebody says otherwise. */
const DEFAULT_CONTEXT_TOKENS = 24_000;

/** Longest tone in the owner's own words, in characters. */
export const TONE_CHARACTERS = 200;

function row<Schema extends z.ZodType>(
  group: OwnerSetting['group'],
  env: string,
  schema: Schema,
  example: string,
  describe: string,
): OwnerSetting<Schema> {
  return { env, group, schema, example, describe };
}

/** Every setting that the owner may change, by the name that people type, in the order of `/config`. */
export const OWNER_SETTINGS = {
  'model-chat': row(
    'Models',
    'REEVE_MODEL_COORDINATOR',
    orOff(modelName),
    'gpt-5-mini',
    'model that chats and plans',
  ),
  'model-work': row(
    'Models',
    'REEVE_MODEL_EXECUTOR',
    orOff(modelName),
    'gpt-5-mini',
    'model that does the tasks',
  ),
  'model-fallback': row(
    'Models',
    'REEVE_MODEL_FALLBACK',
    orOff(modelName),
    'gpt-5-nano',
    'model that takes over when the first fails',
  ),
  'model-vision': row(
    'Models',
    'REEVE_MODEL_VISION',
    orOff(modelName),
    'gpt-5-mini',
    'model that sees images; without one, images are only named',
  ),
  'context-tokens': row(
    'Models',
    'REEVE_CONTEXT_TOKENS',
    z.preprocess((raw) => raw ?? DEFAULT_CONTEXT_TOKENS, contextBudgets),
    '24000, gpt-5=100000',
    'tokens of a conversation that the chat model gets at the most: a number, or model=number pairs',
  ),
  'parallel-tasks': row(
    'Limits',
    'REEVE_PARALLEL_TASKS',
    wholeNumber(1, 64).default(5),
    '5',
    'tasks that run at the same time',
  ),
  'hold-seconds': row(
    'Limits',
    'REEVE_HOLD_SECONDS',
    wholeNumber(0, 3600).default(15),
    '15',
    'how long a worker is kept while its task waits for your answer',
  ),
  'cap-task-tokens': row(
    'Limits',
    'REEVE_CAP_TASK_TOKENS',
    z.preprocess((raw) => raw ?? 2_000_000, tokenCap),
    '2000000',
    'tokens that one task may use up before it asks',
  ),
  'cap-task-usd': row(
    'Limits',
    'REEVE_CAP_TASK_USD',
    usdCap,
    '0.50',
    'US dollars that one task may use up before it asks',
  ),
  'cap-day-tokens': row(
    'Limits',
    'REEVE_CAP_DAY_TOKENS',
    tokenCap,
    '5000000',
    'tokens that everything together may use up in a day',
  ),
  'cap-day-usd': row(
    'Limits',
    'REEVE_CAP_DAY_USD',
    usdCap,
    '2.50',
    'US dollars that everything together may use up in a day',
  ),
  'cap-month-tokens': row(
    'Limits',
    'REEVE_CAP_MONTH_TOKENS',
    tokenCap,
    '50000000',
    'tokens that everything together may use up in a month',
  ),
  'cap-month-usd': row(
    'Limits',
    'REEVE_CAP_MONTH_USD',
    usdCap,
    '25',
    'US dollars that everything together may use up in a month',
  ),
  name: row('Conversation', 'REEVE_OWNER_NAME', orOff(ownWords(60)), 'Ada', 'what I call you'),
  language: row(
    'Conversation',
    'REEVE_LANGUAGE',
    ownWords(40).default('auto'),
    'Deutsch',
    'language of the answers: auto (the language you write in) or the name of one',
  ),
  tone: row(
    'Conversation',
    'REEVE_TONE',
    ownWords(TONE_CHARACTERS).default('plain'),
    'warm',
    `how answers sound: plain, warm, brief, or your own words (at most ${TONE_CHARACTERS} characters)`,
  ),
  streaming: row(
    'Conversation',
    'REEVE_STREAMING',
    onOff.default(true),
    'off',
    'on: an answer is shown while it is written; off: when it is whole',
  ),
  'while-answering': row(
    'Conversation',
    'REEVE_WHILE_ANSWERING',
    oneOf(['queue', 'stop']).default('queue'),
    'stop',
    'when you write while an answer is being written: queue answers it next, stop breaks the first answer off',
  ),
  voice: row(
    'Voice',
    'REEVE_VOICE',
    onOff.default(false),
    'on',
    'on: answers in your own chat come as a voice note, too; the text always comes',
  ),
  'voice-name': row(
    'Voice',
    'REEVE_SPEECH_VOICE',
    orOff(voiceName),
    'nova',
    'whose voice reads answers out: a name or id at the speech provider; off takes its usual one',
  ),
  'quiet-hours': row(
    'Time',
    'REEVE_QUIET_HOURS',
    orOff(quietHours),
    '22:00-07:00',
    'when Reeve keeps quiet: results and questions wait until the hours are over, unless you wrote or tapped something in the last half hour, a question is about to lapse, or you called the task /urgent; answers to you always come',
  ),
  'time-zone': row(
    'Time',
    'REEVE_TIME_ZONE',
    timeZone.default(() => Intl.DateTimeFormat().resolvedOptions().timeZone),
    'Europe/Paris',
    'your time zone: clocks, days and months go by it',
  ),
} as const;

export type OwnerSettingName = keyof typeof OWNER_SETTINGS;

/** What holds now. Undefined: nothing is set. */
export type OwnerValues = {
  readonly [Name in OwnerSettingName]: z.output<(typeof OWNER_SETTINGS)[Name]['schema']>;
};

/** Where a value came from, from the weakest to the strongest. */
export type SettingSource = 'unset' | 'default' | 'file' | 'owner' | 'environment';

/** What each layer says of one setting; undefined where it says nothing. */
export interface SettingLayers {
  readonly file: unknown;
  /** The owner's own wish, as text. */
  readonly owner: string | undefined;
  readonly environment: string | undefined;
}

export type ResolvedSetting =
  | { readonly kind: 'value'; readonly value: unknown; readonly source: SettingSource }
  /** What is wrong, without the setting's name. */
  | { readonly kind: 'wrong'; readonly problem: string };

/** One setting from its layers: the environment wins over the owner's wish, that over the file, that over the default. */
export function resolveSetting(schema: z.ZodType, layers: SettingLayers): ResolvedSetting {
  const { file, owner, environment } = layers;
  const source = sourceOf(layers);
  const parsed = schema.safeParse(environment || (owner ?? file));
  if (!parsed.success) return { kind: 'wrong', problem: problemText(parsed.error) };
  if (source !== null) return { kind: 'value', value: parsed.data, source };
  return { kind: 'value', value: parsed.data, source: parsed.data === undefined ? 'unset' : 'default' };
}

function sourceOf({ file, owner, environment }: SettingLayers): SettingSource | null {
  if (environment) return 'environment';
  if (owner !== undefined) return 'owner';
  return file === undefined ? null : 'file';
}

/** A schema's complaint as the end of a sentence that begins with the setting's name. */
export function problemText(error: z.ZodError): string {
  return error.issues.map(({ message }) => message.charAt(0).toLowerCase() + message.slice(1)).join('; ');
}

export function isOwnerSetting(name: string): name is OwnerSettingName {
  return Object.hasOwn(OWNER_SETTINGS, name);
}

export function ownerSettingNames(): OwnerSettingName[] {
  return Object.keys(OWNER_SETTINGS) as OwnerSettingName[];
}

/** A value as people type it; `off` where nothing is set. */
export function shownOwnerValue(value: OwnerValues[OwnerSettingName]): string {
  switch (typeof value) {
    case 'undefined':
      return OFF;
    case 'boolean':
      return value ? 'on' : OFF;
    case 'object':
      return 'from' in value ? shownQuietHours(value) : shownBudgets(value);
    default:
      return String(value);
  }
}

function shownQuietHours({ from, to }: QuietHours): string {
  return `${from}-${to}`;
}

function shownBudgets({ any, byModel }: ContextBudgets): string {
  const named = Object.entries(byModel).map(([model, tokens]) => `${model}=${tokens}`);
  return [...(any === null ? [] : [String(any)]), ...named].join(', ');
}

const timeFormat = dateFormats('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** True between the hours, in the owner's time zone. */
export function isQuiet(hours: QuietHours | undefined, at: Date, zone: string): boolean {
  if (!hours) return false;
  const now = timeFormat(zone).format(at);
  return hours.from < hours.to ? now >= hours.from && now < hours.to : now >= hours.from || now < hours.to;
}

/** One change of a setting by the owner. `value` null: the owner has no wish of their own any more. */
export interface ConfigRevision {
  readonly id: number;
  readonly name: string;
  readonly before: string | null;
  readonly value: string | null;
  readonly by: string;
  readonly why: string | null;
  /** The revision that this one takes back. */
  readonly undoes: number | null;
  /** What asked for it; the same request again is the same revision. */
  readonly request: string;
  readonly at: Date;
}

export interface ConfigRecords {
  insert(revision: Omit<ConfigRevision, 'id'>): Promise<ConfigRevision>;
  /** The newest revision of each setting, by name. */
  current(): Promise<ConfigRevision[]>;
  byRequest(request: string): Promise<ConfigRevision | null>;
  /** The newest that takes nothing back and was not taken back. */
  newestStanding(): Promise<ConfigRevision | null>;
  /** Newest first. */
  history(limit: number): Promise<ConfigRevision[]>;
}
