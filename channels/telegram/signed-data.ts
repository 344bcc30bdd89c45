import { createHmac, timingSafeEqual } from 'node:crypto';
import { type CardAction, cardActionSchema } from '@reeve/core';

/**
 * What buttons carry: the action and a signature that binds it to its chat. So nothing has to be remembered, a tap
 * counts days and restarts later, and what a modified client makes up or carries over from another chat counts for
 * nothing. Whether the person may, and whether the question is still open, is decided where the action is carried out.
 */
export interface SignedData {
  /** Null when it would be more than the 64 bytes that Telegram takes. */
  buttonData(chatId: number, action: CardAction): string | null;
  /** What the button of the greeting carries. */
  helloData(chatId: number): string;
  readButton(chatId: number, data: string): CardAction | { readonly kind: 'hello' } | null;
  /** An address that marks a message of ours as a request for words, with the command that they belong to. */
  promptLink(chatId: number, command: string): string;
  readPrompt(chatId: number, link: string): string | null;
}

const SIGNATURE_CHARACTERS = 16;
const MOST_BYTES = 64;
const HELLO = 'hello';
const PROMPT_HOST = 'https://t.me/';

export function createSignedData(key: Uint8Array, botName: () => string): SignedData {
  const sign = (purpose: string, chatId: number, payload: string) =>
    createHmac('sha256', key)
      .update(`telegram\n${purpose}\n${chatId}\n${payload}`)
      .digest('base64url')
      .slice(0, SIGNATURE_CHARACTERS);
  const open = (purpose: string, chatId: number, signed: string): string | null => {
    const payload = signed.slice(SIGNATURE_CHARACTERS);
    const given = Buffer.from(signed.slice(0, SIGNATURE_CHARACTERS));
    const wanted = Buffer.from(sign(purpose, chatId, payload));
    return given.length === wanted.length && timingSafeEqual(given, wanted) ? payload : null;
  };
  return {
    buttonData(chatId, action) {
      const payload = payloadOf(action);
      const data = sign('button', chatId, payload) + payload;
      return Buffer.byteLength(data) <= MOST_BYTES ? data : null;
    },
    helloData: (chatId) => `${sign('button', chatId, HELLO)}${HELLO}`,
    readButton(chatId, data) {
      const payload = open('button', chatId, data);
      return payload === null ? null : actionOf(payload);
    },
    promptLink(chatId, command) {
      const payload = Buffer.from(command).toString('base64url');
      return `${PROMPT_HOST}${botName()}?words=${sign('prompt', chatId, payload)}${payload}`;
    },
    readPrompt(chatId, link) {
      const signed = link.startsWith(PROMPT_HOST) ? URL.parse(link)?.searchParams.get('words') : null;
      const payload = signed ? open('prompt', chatId, signed) : null;
      return payload === null ? null : Buffer.from(payload, 'base64url').toString('utf8');
    },
  };
}

/** Stands in no code, task, card key or option that we make. */
const BETWEEN = '|';

/** The kind and the values of an action in the order of its schema: `approve|A7K2|once`. */
function payloadOf(action: CardAction): string {
  const values: Readonly<Record<string, string>> = action;
  const names = Object.keys(shapeOf(action.kind) ?? {}).filter((name) => name !== 'kind');
  return [action.kind, ...names.map((name) => values[name] ?? '')].join(BETWEEN);
}

function shapeOf(kind: string) {
  return cardActionSchema.options.find((option) => option.shape.kind.value === kind)?.shape;
}

function actionOf(payload: string): CardAction | { readonly kind: 'hello' } | null {
  const [kind, ...values] = payload.split(BETWEEN);
  if (payload === HELLO) return { kind: HELLO };
  const shape = shapeOf(kind ?? '');
  if (!shape) return null;
  const names = Object.keys(shape).filter((name) => name !== 'kind');
  if (values.length !== names.length) return null;
  const parsed = cardActionSchema.safeParse({
    kind,
    ...Object.fromEntries(names.map((name, index) => [name, values[index]])),
  });
  return parsed.success ? parsed.data : null;
}
