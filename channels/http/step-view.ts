import { z } from '@hono/zod-openapi';
import type { Origin, Step } from '@reeve/core';

/** Arguments of a call. Described by hand: the generator of the description does not end on `z.json()`. */
export const argumentsSchema = z
  .record(z.string(), z.json())
  .openapi({ type: 'object', additionalProperties: true });

/** Where something came from. */
export const originViewSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('owner'), person: z.string() }),
  z.strictObject({ kind: z.literal('member'), person: z.string() }),
  z.strictObject({ kind: z.literal('agent') }),
  z.strictObject({ kind: z.literal('schedule'), schedule: z.string() }),
  z.strictObject({ kind: z.literal('untrusted'), source: z.string() }),
]) satisfies z.ZodType<Origin>;

const usageSchema = z.strictObject({
  inputTokens: z.number(),
  outputTokens: z.number(),
  estimated: z.boolean(),
});

/** What a model asked for; a call's arguments are JSON in a text. */
const toolCallSchema = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

/**
 * One step of a task as API clients read it. Not `stepSchema` of core: the generator of the API's description cannot read
 * zod's small form, in which that is for the sake of an executor's start.
 */
export const stepViewSchema = z
  .strictObject({
    seq: z.number().int().positive(),
    attempt: z.number().int().positive(),
    at: z.iso.datetime(),
    body: z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('model'),
        text: z.string(),
        toolCalls: z.array(toolCallSchema),
        usage: usageSchema.nullable(),
        model: z.string(),
      }),
      z.strictObject({
        kind: z.literal('intent'),
        callId: z.string(),
        tool: z.string(),
        arguments: argumentsSchema,
      }),
      z.strictObject({
        kind: z.literal('result'),
        callId: z.string(),
        tool: z.string(),
        ok: z.boolean(),
        content: z.string(),
        activity: z.string(),
        durationMs: z.number(),
      }),
      z.strictObject({
        kind: z.literal('note'),
        text: z.string(),
        origin: originViewSchema,
        input: z.string().nullable(),
      }),
    ]),
  })
  .openapi('Step') satisfies z.ZodType<Step>;
