import { z } from 'zod';

/** What a button does. Channels carry an opaque token for it; these are what the token stands for. */
export const cardActionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('approve'), code: z.string(), scope: z.enum(['once', 'task', 'always']) }),
  z.strictObject({ kind: z.literal('deny'), code: z.string() }),
  z.strictObject({ kind: z.literal('happened'), code: z.string() }),
  /** These three need words: the channel asks for them, or puts what is typed up to them before the cursor. */
  z.strictObject({ kind: z.literal('deny-saying'), code: z.string() }),
  z.strictObject({ kind: z.literal('edit'), code: z.string() }),
  z.strictObject({ kind: z.literal('note'), task: z.string() }),
  z.strictObject({ kind: z.literal('cancel-task'), task: z.string() }),
  z.strictObject({ kind: z.literal('show-task'), task: z.string() }),
  z.strictObject({ kind: z.literal('choose'), card: z.string(), option: z.string() }),
]);

const line = z.string();

/** The kinds of block a card is made of; each channel renders every kind. */
export const blockSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('heading'), text: line }),
  z.strictObject({ kind: z.literal('text'), text: z.string() }),
  z.strictObject({
    kind: z.literal('fields'),
    fields: z.array(z.strictObject({ name: line, value: z.string() })),
  }),
  z.strictObject({
    kind: z.literal('progress'),
    icon: line,
    text: line,
    done: z.number().int(),
    total: z.number().int().nullable(),
  }),
  z.strictObject({ kind: z.literal('code'), language: z.string(), text: z.string() }),
  z.strictObject({ kind: z.literal('list'), items: z.array(line) }),
  z.strictObject({ kind: z.literal('file'), path: z.string(), bytes: z.number().int(), sha256: z.string() }),
  z.strictObject({
    kind: z.literal('actions'),
    actions: z.array(
      z.strictObject({
        label: line,
        style: z.enum(['plain', 'primary', 'danger']),
        action: cardActionSchema,
        typed: line,
      }),
    ),
  }),
]);

/** A structured message that is edited in place. `key` names it within its conversation: `task:T-3`, `approval:A7K2`. */
export const cardSchema = z.strictObject({ key: z.string(), title: line, blocks: z.array(blockSchema) });

export type CardAction = z.infer<typeof cardActionSchema>;
export type Block = z.infer<typeof blockSchema>;
export type Card = z.infer<typeof cardSchema>;
