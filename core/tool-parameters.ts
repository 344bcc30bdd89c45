import { z } from 'zod';
import { HTTP_METHODS, httpHeadersSchema } from './host.ts';
import type { ChatTool } from './model.ts';
import { TOOLS, type ToolName, toWireName } from './tool.ts';

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
} as const satisfies Readonly<Record<ToolName, z.ZodObject>>;

export type ToolArguments<Name extends ToolName> = z.output<(typeof toolParameters)[Name]>;

/**
 * The tool list that goes with every call of a task's model; the same bytes each time. A tool that no provider is set for
 * is not offered at all.
 */
export function executorTools({ webSearch }: { readonly webSearch: boolean }): readonly ChatTool[] {
  return [...TOOLS.values()]
    .filter(({ name }) => webSearch || name !== 'web.search')
    .map(({ name, description }) => ({
      type: 'function',
      function: {
        name: toWireName(name),
        description,
        parameters: parametersJsonSchema(toolParameters[name]),
      },
    }));
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
