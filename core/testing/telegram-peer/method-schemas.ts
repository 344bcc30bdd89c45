import { z } from 'zod';

const flag = z.preprocess((raw) => (raw === 'true' ? true : raw === 'false' ? false : raw), z.boolean());
const whole = z.coerce.number().int();
const entity = z.looseObject({ type: z.string(), offset: z.number(), length: z.number() });
const entities = z.array(entity).default([]);

const button = z
  .looseObject({
    text: z.string().min(1),
    callback_data: z.string().optional(),
    url: z.string().optional(),
    style: z.enum(['danger', 'success', 'primary']).optional(),
  })
  .refine(
    (one) => one.callback_data === undefined || bytesOf(one.callback_data) <= 64,
    'BUTTON_DATA_INVALID',
  );

const markup = z.looseObject({ inline_keyboard: z.array(z.array(button)).default([]) }).optional();

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

const target = {
  chat_id: whole,
  message_thread_id: whole.optional(),
  reply_markup: markup,
  reply_parameters: z
    .looseObject({ message_id: whole, allow_sending_without_reply: flag.default(false) })
    .optional(),
};
const caption = { caption: z.string().default(''), caption_entities: entities };
const message = { chat_id: whole, message_id: whole };
const preview = z.looseObject({ is_disabled: flag.default(false) }).optional();

/** What each method takes; what a method does not know is ignored, as Telegram ignores it. */
export const METHOD_SCHEMAS = {
  getme: z.object({}),
  getupdates: z.object({
    offset: whole.default(0),
    limit: whole.default(100),
    timeout: whole.default(0),
    allowed_updates: z.array(z.string()).default([]),
  }),
  setwebhook: z.object({
    url: z.string(),
    secret_token: z
      .string()
      .regex(/^[\w-]{1,256}$/, 'Bad Request: secret token contains unallowed characters')
      .optional(),
    allowed_updates: z.array(z.string()).default([]),
    drop_pending_updates: flag.default(false),
  }),
  deletewebhook: z.object({ drop_pending_updates: flag.default(false) }),
  getwebhookinfo: z.object({}),
  sendmessage: z.object({ ...target, text: z.string(), entities, link_preview_options: preview }),
  sendmessagedraft: z.object({
    chat_id: whole,
    message_thread_id: whole.optional(),
    draft_id: whole,
    text: z.string().default(''),
    entities,
    can_stop: flag.default(false),
  }),
  editmessagetext: z.object({
    ...message,
    text: z.string(),
    entities,
    reply_markup: markup,
    link_preview_options: preview,
  }),
  editmessagereplymarkup: z.object({ ...message, reply_markup: markup }),
  deletemessage: z.object(message),
  answercallbackquery: z.object({
    callback_query_id: z.string(),
    text: z.string().max(200).optional(),
    show_alert: flag.default(false),
  }),
  senddocument: z.object({ ...target, ...caption, document: z.string().optional() }),
  sendphoto: z.object({ ...target, ...caption, photo: z.string().optional() }),
  sendvoice: z.object({ ...target, ...caption, voice: z.string().optional() }),
  getfile: z.object({ file_id: z.string() }),
  setmycommands: z.object({
    commands: z.array(
      z.object({
        command: z.string().regex(/^[a-z0-9_]{1,32}$/, 'BOT_COMMAND_INVALID'),
        description: z.string().min(1).max(256),
      }),
    ),
    scope: z.looseObject({ type: z.string(), chat_id: whole.optional() }).default({ type: 'default' }),
  }),
  setmessagereaction: z.object({
    ...message,
    reaction: z.array(z.looseObject({ type: z.literal('emoji'), emoji: z.string() })).default([]),
  }),
  sendchataction: z.object({ chat_id: whole, action: z.string(), message_thread_id: whole.optional() }),
} as const;

export type MethodName = keyof typeof METHOD_SCHEMAS;
export type Given<Name extends MethodName> = z.output<(typeof METHOD_SCHEMAS)[Name]>;

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHOD_SCHEMAS, name);
}
