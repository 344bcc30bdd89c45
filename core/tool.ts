import { z } from 'zod';
import { HTTP_METHODS, httpHeadersSchema } from './host.ts';

/**
 * Where a tool acts. `scratch` and `self` (clock, calculator) can hurt nobody and never ask; `drive` (the owner's
 * files), `network` and `agenda` (what starts by itself) cross the sandbox's border and are policed call by call
 * (`policy.ts`).
 */
export type ToolPlace = 'self' | 'scratch' | 'drive' | 'network' | 'agenda';

export interface ToolDefinition {
  readonly name: ToolName;
  readonly place: ToolPlace;
  /** True when running it again after a lost result changes nothing. */
  readonly repeatable: boolean;
  readonly description: string;
  readonly parameters: z.ZodObject;
}

const scratchPath = z.string().min(1).max(1024);
const drivePath = z
  .string()
  .min(1)
  .max(1024)
  .describe("Path among the owner's files, such as reports/may.csv.");

export const toolParameters = {
  'shell.run': z.strictObject({
    command: z.string().min(1).max(100_000).describe('A bash command line, run in scratch.'),
    timeout_seconds: z.number().positive().max(600).default(60),
  }),
  'file.read': z.strictObject({
    path: scratchPath,
    offset: z.number().int().min(0).default(0).describe('Byte to start from.'),
    max_bytes: z.number().int().min(1).max(65_536).default(16_384),
  }),
  'file.write': z.strictObject({ path: scratchPath, content: z.string().max(1_000_000) }),
  'file.list': z.strictObject({ path: scratchPath.default('.') }),
  'files.list': z.strictObject({
    prefix: z.string().max(1024).default('').describe('Only paths that start with this.'),
  }),
  'files.get': z.strictObject({
    path: drivePath,
    to: scratchPath.describe('Where in scratch to put the copy.'),
  }),
  'files.put': z.strictObject({
    from: scratchPath.describe('The scratch file to store.'),
    path: drivePath
      .optional()
      .describe("Where among the owner's files. Left out: the task's own folder, same name."),
  }),
  'files.delete': z.strictObject({
    path: drivePath,
    reason: z.string().max(500).default('').describe('Why, for the owner.'),
  }),
  'http.fetch': z.strictObject({
    url: z.url({ protocol: /^https?$/ }).max(8192),
    method: z.enum(HTTP_METHODS).default('GET'),
    headers: httpHeadersSchema
      .default({})
      .describe('A value may hold secret:NAME, which is filled in on the way out.'),
    body: z.string().max(1_000_000).optional(),
    reason: z.string().max(500).default('').describe('Why, for the owner.'),
  }),
  'network.open': z.strictObject({
    host: z.string().min(1).max(255).describe('One host in full, such as pypi.org. No wildcards.'),
    port: z.number().int().min(1).max(65_535).default(443),
    reason: z.string().max(500).default('').describe('Why, for the owner.'),
  }),
  'git.open': z.strictObject({
    repository: z.string().min(1).max(500).describe('Such as https://github.com/owner/name.'),
    reason: z.string().max(500).default('').describe('Why, for the owner.'),
  }),
  'git.push': z.strictObject({
    directory: scratchPath.default('.').describe('The clone in scratch.'),
    repository: z.string().min(1).max(500).describe('Opened before.'),
    updates: z
      .array(
        z.strictObject({
          ref: z.string().max(250).describe('In full: refs/heads/main.'),
          from: z
            .string()
            .max(250)
            .regex(/^(?!-)/)
            .nullable()
            .describe('The commit or tag to put there, such as HEAD; null deletes the ref.'),
        }),
      )
      .min(1)
      .max(10),
    reason: z.string().max(500).default('').describe('Why, for the owner.'),
  }),
  'web.search': z.strictObject({
    query: z.string().trim().min(1).max(400).describe('What to look for. The search provider reads it.'),
    count: z.number().int().min(1).max(10).default(5),
  }),
  'schedule.create': z.strictObject({
    when: z
      .string()
      .min(1)
      .max(200)
      .describe('Such as every Monday 09:00, in 20 minutes, or a cron expression.'),
    goal: z.string().trim().min(1).max(4000).describe('All that its worker must know and deliver.'),
    reason: z.string().max(500).default('').describe('Why, for the owner.'),
  }),
  clock: z.strictObject({
    time_zone: z.string().max(64).optional().describe('IANA name; the owner’s own when left out.'),
  }),
  calculator: z.strictObject({
    expression: z.string().min(1).max(1000).describe('Such as (3 + 4) * 2 or sqrt(2) ^ 3.'),
  }),
} as const;

export type ToolName = keyof typeof toolParameters;
export type ToolArguments<Name extends ToolName> = z.output<(typeof toolParameters)[Name]>;

const DEFINITIONS: readonly Omit<ToolDefinition, 'parameters'>[] = [
  {
    name: 'shell.run',
    place: 'scratch',
    repeatable: false,
    description: 'Run a command in the sandbox. Returns exit code, output and errors.',
  },
  {
    name: 'file.read',
    place: 'scratch',
    repeatable: true,
    description: 'Read a text file from the scratch directory.',
  },
  {
    name: 'file.write',
    place: 'scratch',
    repeatable: true,
    description: 'Write a text file into the scratch directory.',
  },
  { name: 'file.list', place: 'scratch', repeatable: true, description: 'List the scratch directory.' },
  { name: 'files.list', place: 'drive', repeatable: true, description: "List the owner's files." },
  {
    name: 'files.get',
    place: 'drive',
    repeatable: true,
    description: "Copy one of the owner's files into the scratch directory.",
  },
  {
    name: 'files.put',
    place: 'drive',
    repeatable: false,
    description: "Store a scratch file among the owner's files. Results the owner asked for go there.",
  },
  {
    name: 'files.delete',
    place: 'drive',
    repeatable: false,
    description: "Delete one of the owner's files.",
  },
  {
    name: 'http.fetch',
    place: 'network',
    repeatable: false,
    description: 'Make one HTTP request through the gateway. Anything but reading asks the owner first.',
  },
  {
    name: 'network.open',
    place: 'network',
    repeatable: false,
    description: 'Ask to let commands reach one host, for pip, npm, curl and the like.',
  },
  {
    name: 'git.open',
    place: 'network',
    repeatable: false,
    description: 'Let git clone and fetch one repository. Needed before git clone.',
  },
  {
    name: 'git.push',
    place: 'network',
    repeatable: false,
    description: 'Push commits of a clone in scratch; git push alone is refused.',
  },
  {
    name: 'web.search',
    place: 'network',
    repeatable: true,
    description: 'Search the web. Returns titles, addresses and snippets; read a page with http_fetch.',
  },
  {
    name: 'schedule.create',
    place: 'agenda',
    repeatable: false,
    description: 'Have a job start by itself later, once or repeatedly.',
  },
  { name: 'clock', place: 'self', repeatable: true, description: 'The current date and time.' },
  {
    name: 'calculator',
    place: 'self',
    repeatable: true,
    description: 'Evaluate an arithmetic expression exactly.',
  },
];

/** Every tool an executor offers its model, by name. */
export const TOOLS: ReadonlyMap<ToolName, ToolDefinition> = new Map(
  DEFINITIONS.map((definition) => [
    definition.name,
    { ...definition, parameters: toolParameters[definition.name] },
  ]),
);

export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(toolParameters, name);
}

const EFFECT_TOOLS: ReadonlySet<string> = new Set([
  'files.put',
  'files.delete',
  'http.fetch',
  'network.open',
  'git.push',
  'schedule.create',
]);

/** True for tools whose calls change something outside of the sandbox. */
export function isEffectTool(name: string): boolean {
  return EFFECT_TOOLS.has(name);
}

/** Tool names on the model's wire: providers allow no dots, so `shell.run` travels as `shell_run`. */
export function toWireName(name: string): string {
  return name.replaceAll('.', '_');
}

/** The tool that a wire name stands for; models answer with either spelling. */
export function fromWireName(wire: string): ToolName | null {
  for (const name of TOOLS.keys()) if (name === wire || toWireName(name) === wire) return name;
  return null;
}

/**
 * A tool's parameters as the JSON schema that goes to the model with every call. How long texts and lists may be
 * and which characters they may hold is left out, and so is what says nothing, such as an empty default: it costs tokens each time,
 * and a call that breaks it is told so.
 */
export function parametersJsonSchema(parameters: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(parameters, {
    io: 'input',
    override({ jsonSchema }) {
      for (const bound of LENGTHS_AND_FORMS) delete jsonSchema[bound];
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (EMPTY.has(JSON.stringify(jsonSchema.default))) delete jsonSchema.default;
    },
  });
  return schema;
}

const EMPTY: ReadonlySet<string | undefined> = new Set(['""', '{}']);
const LENGTHS_AND_FORMS = [
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'pattern',
  'format',
  'propertyNames',
] as const;

export type ArgumentsParse =
  | { readonly kind: 'arguments'; readonly value: unknown }
  | { readonly kind: 'not-json' };

/**
 * Reads the arguments of a model's tool call. Lone surrogates and NUL, which no store or hash takes, become U+FFFD; an
 * empty text counts as no arguments.
 */
export function parseToolArguments(json: string): ArgumentsParse {
  try {
    const value: unknown = JSON.parse(json.trim() === '' ? '{}' : json, (_key, member: unknown) =>
      typeof member === 'string' ? member.toWellFormed().replaceAll('\0', '\uFFFD') : member,
    );
    return { kind: 'arguments', value };
  } catch {
    return { kind: 'not-json' };
  }
}
