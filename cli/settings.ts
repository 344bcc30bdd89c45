import { isIPv4, isIPv6 } from 'node:net';
import {
  formatHostPort,
  type HostPort,
  type ModelPrices,
  modelName,
  modelPricesSchema,
  OWNER_SETTINGS,
  type OwnerSettingName,
  type OwnerValues,
  ownerSettingNames,
  parsePrivateHost,
  resolveSetting,
  type SettingSource,
  shownOwnerValue,
  wholeNumber,
} from '@reeve/core';
import { HEARING_FORMS, SEARCH_PROVIDERS, SPEAKING_FORMS } from '@reeve/gateway';
import { z } from 'zod';

/** One setting: how it is called, checked and explained. Every setting is one row of this table and nowhere else. */
interface Setting<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly describe: string;
  readonly secret: boolean;
}

function setting<Schema extends z.ZodType>(schema: Schema, describe: string): Setting<Schema> {
  return { schema, describe, secret: false };
}

function secret<Schema extends z.ZodType>(schema: Schema, describe: string): Setting<Schema> {
  return { schema, describe, secret: true };
}

/** A setting that the owner may change while Reeve runs, too. */
function owned<Name extends OwnerSettingName>(name: Name): Setting<(typeof OWNER_SETTINGS)[Name]['schema']> {
  const { schema, describe } = OWNER_SETTINGS[name];
  return { schema, describe: `${describe} (in the chat: /config ${name})`, secret: false };
}

/** The problem never repeats the address: it may hold a password. */
const serverUrl = (protocol: RegExp, beginnings: string) =>
  z.url({
    protocol,
    error: ({ input }) =>
      protocol.test(String(input).split(':')[0] ?? '')
        ? 'is not a well-formed address'
        : `must begin with ${beginnings}`,
  });
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https address' });

/** Telegram itself calls https only; a Bot API server on this machine may call without. */
function isHttpsOrLoopback(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || hostname === '127.0.0.1';
}

const PRICES_EXAMPLE = '{"gpt-5-mini":{"inputPerMillion":0.25,"outputPerMillion":2}}';
const modelPrices = z
  .unknown()
  .optional()
  .transform((raw = {}, context): ModelPrices => {
    const parsed = modelPricesSchema.safeParse(typeof raw === 'string' ? parseJson(raw) : raw);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue && issue.path.length > 0 ? `; ${issue.path.join('.')} is wrong` : '';
    context.addIssue({
      code: 'custom',
      message: `must be US dollars per million tokens by model, as JSON such as ${PRICES_EXAMPLE}${where}`,
    });
    return z.NEVER;
  });

/** Host and port pairs, comma-separated; parsed, so that what runs is what `config print` shows. */
const privateHosts = z
  .string()
  .default('')
  .transform((text, context): readonly HostPort[] =>
    text
      .split(',')
      .filter((part) => part.trim() !== '')
      .flatMap((part) => {
        const parsed = parsePrivateHost(part);
        if (parsed.kind === 'host') return [parsed.address];
        context.addIssue({ code: 'custom', message: `must name each as host:port: ${parsed.reason}` });
        return [];
      }),
  );

/** Address ranges, comma-separated. */
const closedRanges = z
  .string()
  .default('')
  .transform((text, context): readonly string[] => {
    const ranges = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
    const wrong = ranges.find((range) => !isRange(range));
    if (wrong === undefined) return ranges;
    const message = `must name each as a range such as 203.0.114.0/24 or 2a01:4f8::/32: “${wrong}” is none`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

function isRange(text: string): boolean {
  const [address = '', prefix = '', ...more] = text.split('/');
  const longest = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : -1;
  return more.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest;
}

export const SETTINGS = {
  REEVE_HOME: setting(
    z.string().min(1).default('./.reeve'),
    'the folder that holds everything: database, files, keys, log',
  ),
  REEVE_PORT: setting(
    wholeNumber(0, 65_535).default(7717),
    'port of the local API on 127.0.0.1; 0 takes a free one',
  ),
  DATABASE_URL: secret(
    serverUrl(/^postgres(ql)?$/, 'postgres://').optional(),
    'a Postgres server (15 or newer) instead of the embedded database',
  ),
  REDIS_URL: secret(
    serverUrl(/^rediss?$/, 'redis:// or rediss://').optional(),
    'a Redis server (6.2 or newer) for the queue',
  ),
  OPENAI_BASE_URL: setting(
    httpUrl.optional(),
    'any OpenAI-compatible endpoint, such as http://127.0.0.1:11434/v1',
  ),
  OPENAI_API_KEY: secret(
    z.string().min(1).optional(),
    'key for that endpoint, or for OpenAI when no address is set',
  ),
  OPENROUTER_API_KEY: secret(
    z.string().min(1).optional(),
    'key for OpenRouter, used when no OpenAI setting is there',
  ),
  REEVE_MODEL_COORDINATOR: owned('model-chat'),
  REEVE_MODEL_EXECUTOR: owned('model-work'),
  REEVE_MODEL_FALLBACK: owned('model-fallback'),
  REEVE_MODEL_VISION: owned('model-vision'),
  REEVE_CONTEXT_TOKENS: owned('context-tokens'),
  REEVE_PRICES: setting(modelPrices, `what models cost, in US dollars per million tokens: ${PRICES_EXAMPLE}`),
  REEVE_CAP_TASK_TOKENS: owned('cap-task-tokens'),
  REEVE_CAP_TASK_USD: owned('cap-task-usd'),
  REEVE_CAP_DAY_TOKENS: owned('cap-day-tokens'),
  REEVE_CAP_DAY_USD: owned('cap-day-usd'),
  REEVE_CAP_MONTH_TOKENS: owned('cap-month-tokens'),
  REEVE_CAP_MONTH_USD: owned('cap-month-usd'),
  REEVE_PARALLEL_TASKS: owned('parallel-tasks'),
  REEVE_WARM_EXECUTORS: setting(
    wholeNumber(0, 16).default(1),
    'workers started ahead, so that tasks begin at once',
  ),
  REEVE_HOLD_SECONDS: owned('hold-seconds'),
  REEVE_LANGUAGE: owned('language'),
  REEVE_OWNER_NAME: owned('name'),
  REEVE_TONE: owned('tone'),
  REEVE_STREAMING: owned('streaming'),
  REEVE_WHILE_ANSWERING: owned('while-answering'),
  REEVE_VOICE: owned('voice'),
  REEVE_SPEECH_VOICE: owned('voice-name'),
  REEVE_QUIET_HOURS: owned('quiet-hours'),
  REEVE_TIME_ZONE: owned('time-zone'),
  REEVE_PRIVATE_HOSTS: setting(
    privateHosts,
    'private hosts that requests may reach all the same, as exact host:port, comma-separated',
  ),
  REEVE_CLOSED_RANGES: setting(
    closedRanges,
    'address ranges that nothing is sent to besides private ones, comma-separated: a cluster’s own, where they are public',
  ),
  REEVE_SEARCH_PROVIDER: setting(
    z.enum(SEARCH_PROVIDERS, `must be ${SEARCH_PROVIDERS.join(', ')}`).optional(),
    'who answers web searches: searxng, brave or tavily; an address alone means searxng',
  ),
  REEVE_SEARCH_URL: setting(
    httpUrl.optional(),
    'address of a SearXNG that allows the format json, or another address of the provider; may be private',
  ),
  REEVE_SEARCH_KEY: secret(z.string().min(1).optional(), 'your key at the search provider'),
  REEVE_TRANSCRIBE_PROVIDER: setting(
    z.enum(HEARING_FORMS, `must be ${HEARING_FORMS.join(', ')}`).optional(),
    'how the one who listens to voice notes is spoken to: openai (usual), openrouter, or chat for a chat model that takes audio',
  ),
  REEVE_TRANSCRIBE_URL: setting(
    httpUrl.optional(),
    'address of an OpenAI-compatible transcriber, such as http://127.0.0.1:8000/v1; may be private; without it your model provider',
  ),
  REEVE_TRANSCRIBE_KEY: secret(
    z.string().min(1).optional(),
    'key for that address, or for the provider’s own',
  ),
  REEVE_TRANSCRIBE_MODEL: setting(
    modelName.optional(),
    'model that listens; set it alone and your model provider listens to voice notes',
  ),
  REEVE_SPEECH_PROVIDER: setting(
    z.enum(SPEAKING_FORMS, `must be ${SPEAKING_FORMS.join(', ')}`).optional(),
    'how the one who reads answers out is spoken to: openai (usual) or elevenlabs',
  ),
  REEVE_SPEECH_URL: setting(
    httpUrl.optional(),
    'address of an OpenAI-compatible voice; may be private; without it your model provider',
  ),
  REEVE_SPEECH_KEY: secret(z.string().min(1).optional(), 'key for that address, or for the provider’s own'),
  REEVE_SPEECH_MODEL: setting(
    modelName.optional(),
    'model that reads out; set it alone and your model provider reads out',
  ),
  TELEGRAM_BOT_TOKEN: secret(
    z
      .string()
      .regex(/^\d+:[\w-]{20,}$/, 'must be a bot’s token as @BotFather gives it, such as 123456:ABC…')
      .optional(),
    'your Telegram bot, from @BotFather; with it Reeve answers there',
  ),
  TELEGRAM_OWNER_ID: setting(
    z
      .string()
      .regex(/^[1-9]\d{0,15}$/, 'must be a numeric Telegram user id')
      .optional(),
    'your own numeric Telegram id; without it the bot asks for a pairing code',
  ),
  TELEGRAM_API_ROOT: setting(
    httpUrl.default('https://api.telegram.org'),
    'another Bot API server than Telegram’s own',
  ),
  TELEGRAM_WEBHOOK_URL: setting(
    z
      .url({ protocol: /^https?$/, error: 'must be an https address' })
      .refine((url) => isHttpsOrLoopback(url), 'must be an https address')
      .optional(),
    'where Telegram reaches this machine, such as https://bot.example.org/telegram; without it Reeve polls',
  ),
  TELEGRAM_WEBHOOK_PORT: setting(
    wholeNumber(1, 65_535).default(7718),
    'port on 127.0.0.1 to which that address is to lead',
  ),
  REEVE_LOG_LEVEL: setting(
    z.enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error').default('info'),
    'how much goes into the log file',
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Settings = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]['schema']> };

export interface ResolvedSettings {
  readonly values: Settings;
  readonly sources: Readonly<Record<SettingName, SettingSource>>;
  /** What file and environment say of what the owner may change too, as they say it. */
  readonly fixed: Readonly<Record<OwnerSettingName, FixedLayer>>;
}

interface FixedLayer {
  readonly file: unknown;
  readonly environment: string | undefined;
}

export type SettingsResult =
  | { readonly kind: 'settings'; readonly settings: ResolvedSettings }
  /** One sentence for each bad setting, with its name. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/**
 * Reads all settings: the environment wins over the file, the file over the default. An empty variable counts as not
 * set. Values of secrets never appear in problems.
 */
export function resolveSettings(
  environment: Readonly<Record<string, string | undefined>>,
  file: Readonly<Record<string, unknown>>,
): SettingsResult {
  const problems = Object.keys(file)
    .filter((name) => !Object.hasOwn(SETTINGS, name))
    .map((name) => `${name} in the settings file is not a setting; \`reeve config print\` lists them.`);
  const values: Record<string, unknown> = {};
  const sources: Partial<Record<SettingName, SettingSource>> = {};
  for (const name of settingNames()) {
    const { schema } = SETTINGS[name];
    const layers = { file: file[name], owner: undefined, environment: environment[name] };
    const resolved = resolveSetting(schema, layers);
    if (resolved.kind === 'wrong') {
      problems.push(`${name} ${resolved.problem}.`);
      continue;
    }
    values[name] = resolved.value;
    sources[name] = resolved.source;
  }
  if (problems.length > 0) return { kind: 'invalid', problems };
  return {
    kind: 'settings',
    settings: {
      values: values as unknown as Settings,
      sources: sources as Record<SettingName, SettingSource>,
      fixed: fixedLayers(environment, file),
    },
  };
}

function fixedLayers(
  environment: Readonly<Record<string, string | undefined>>,
  file: Readonly<Record<string, unknown>>,
): ResolvedSettings['fixed'] {
  const layers = ownerSettingNames().map((name) => {
    const { env } = OWNER_SETTINGS[name];
    return [name, { file: file[env], environment: environment[env] || undefined }] as const;
  });
  return Object.fromEntries(layers) as Record<OwnerSettingName, FixedLayer>;
}

/** The settings with what holds now of those that the owner may change. */
export function withOwnerValues(settings: Settings, values: OwnerValues): Settings {
  const changed = ownerSettingNames().map((name) => [OWNER_SETTINGS[name].env, values[name]]);
  return { ...settings, ...Object.fromEntries(changed) };
}

export function settingNames(): SettingName[] {
  return Object.keys(SETTINGS) as SettingName[];
}

/** A value as it may be shown: secrets only as “set”. */
export function shownValue(name: SettingName, settings: ResolvedSettings): string | null {
  const value = settings.values[name];
  if (value === undefined) return null;
  if (SETTINGS[name].secret) return 'set (hidden)';
  if (name === 'REEVE_PRIVATE_HOSTS')
    return settings.values.REEVE_PRIVATE_HOSTS.map(formatHostPort).join(', ');
  if (name === 'REEVE_CLOSED_RANGES') return settings.values.REEVE_CLOSED_RANGES.join(', ');
  if (name === 'REEVE_PRICES') return JSON.stringify(value);
  const owned = ownerSettingNames().find((each) => OWNER_SETTINGS[each].env === name);
  return owned ? shownOwnerValue(value as OwnerValues[OwnerSettingName]) : String(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
