import {
  formatHostPort,
  type HostPort,
  type ModelPrices,
  modelPricesSchema,
  parsePrivateHost,
  shorten,
} from '@reeve/core';
import { SEARCH_PROVIDERS } from '@reeve/gateway';
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

const wholeNumber = (least: number, most: number) =>
  z.unknown().transform((raw, context): number => {
    const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    const message = `is “${shorten(String(raw), 40)}”; it must be a whole number from ${least} to ${most}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
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
const timeZone = z
  .string('must be an IANA time zone such as Europe/Paris')
  .refine(isTimeZone, 'must be an IANA time zone such as Europe/Paris');
const modelName = z
  .string('must be the name of a model')
  .trim()
  .min(1, 'must be the name of a model')
  .max(200, 'must have at most 200 characters');

const tokenCap = wholeNumber(1000, 1_000_000_000_000);
const dollars = z.unknown().transform((raw, context): number => {
  const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  if (typeof value === 'number' && value >= 0.01 && value <= 1_000_000) return value;
  const message = `is “${shorten(String(raw), 40)}”; it must be an amount in US dollars from 0.01 to 1000000`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

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
  REEVE_MODEL_COORDINATOR: setting(modelName.optional(), 'model that chats and plans'),
  REEVE_MODEL_EXECUTOR: setting(modelName.optional(), 'model that does the tasks'),
  REEVE_MODEL_FALLBACK: setting(modelName.optional(), 'model that takes over when the first fails'),
  REEVE_PRICES: setting(modelPrices, `what models cost, in US dollars per million tokens: ${PRICES_EXAMPLE}`),
  REEVE_CAP_TASK_TOKENS: setting(
    tokenCap.default(2_000_000),
    'tokens that one task may use up before it asks',
  ),
  REEVE_CAP_TASK_USD: setting(dollars.optional(), 'US dollars that one task may use up before it asks'),
  REEVE_CAP_DAY_TOKENS: setting(tokenCap.optional(), 'tokens that everything together may use up in a day'),
  REEVE_CAP_DAY_USD: setting(dollars.optional(), 'US dollars that everything together may use up in a day'),
  REEVE_CAP_MONTH_TOKENS: setting(
    tokenCap.optional(),
    'tokens that everything together may use up in a month',
  ),
  REEVE_CAP_MONTH_USD: setting(
    dollars.optional(),
    'US dollars that everything together may use up in a month',
  ),
  REEVE_PARALLEL_TASKS: setting(wholeNumber(1, 64).default(5), 'tasks that run at the same time'),
  REEVE_WARM_EXECUTORS: setting(
    wholeNumber(0, 16).default(1),
    'workers started ahead, so that tasks begin at once',
  ),
  REEVE_HOLD_SECONDS: setting(
    wholeNumber(0, 3600).default(15),
    'how long a worker is kept while its task waits for your answer',
  ),
  REEVE_TIME_ZONE: setting(
    timeZone.default(Intl.DateTimeFormat().resolvedOptions().timeZone),
    'your time zone',
  ),
  REEVE_PRIVATE_HOSTS: setting(
    privateHosts,
    'private hosts that requests may reach all the same, as exact host:port, comma-separated',
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
  REEVE_LOG_LEVEL: setting(
    z.enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error').default('info'),
    'how much goes into the log file',
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Settings = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]['schema']> };

/** Where a setting's value came from. */
export type SettingSource = 'environment' | 'file' | 'default' | 'unset';

export interface ResolvedSettings {
  readonly values: Settings;
  readonly sources: Readonly<Record<SettingName, SettingSource>>;
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
    const raw = environment[name] || file[name];
    const parsed = schema.safeParse(raw);
    if (!parsed.success)
      problems.push(`${name} ${parsed.error.issues.map((issue) => lowerFirst(issue.message)).join('; ')}.`);
    values[name] = parsed.data;
    sources[name] = environment[name]
      ? 'environment'
      : file[name] !== undefined
        ? 'file'
        : parsed.data === undefined
          ? 'unset'
          : 'default';
  }
  if (problems.length > 0) return { kind: 'invalid', problems };
  return {
    kind: 'settings',
    settings: {
      values: values as unknown as Settings,
      sources: sources as Record<SettingName, SettingSource>,
    },
  };
}

export function settingNames(): SettingName[] {
  return Object.keys(SETTINGS) as SettingName[];
}

/** A value as it may be shown: secrets only as “set”. */
export function shownValue(name: SettingName, settings: ResolvedSettings): string | null {
  const value = settings.values[name];
  if (value === undefined) return null;
  if (SETTINGS[name].secret) return 'set (hidden)';
  if (Array.isArray(value)) return value.map(formatHostPort).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
