import type { ChatMessage, ChatRequest } from './model.ts';

/**
 * Where estimates come from: the UTF-8 bytes of the request as JSON, tools included, and of the answer, at 3 bytes a
 * token. Tokenizers of today's models make 3.5 to 4.5 bytes of English or code into one token, some 3 of JSON and of
 * most other scripts; 3 errs on the dear side. An image counts as a flat number, whatever its bytes: providers charge
 * by its size in pixels, most of them at most some 1,600 tokens.
 */
export const BYTES_PER_TOKEN = 3;
const IMAGE_TOKENS = 2000;
/** The dearest there is: gpt-4o-mini charges 2,833 and 5,667 for each of up to eight tiles (OpenAI, “Images and vision”). */
const MOST_IMAGE_TOKENS = 50_000;
const encoder = new TextEncoder();

/** What a request may come to, at most, in tokens. */
export interface RequestEstimate {
  readonly inputTokens: number;
  /** `max_tokens`, which is always set. */
  readonly outputTokens: number;
}

export function estimateRequest({ messages, tools, maxTokens }: ChatRequest): RequestEstimate {
  const parts = messages.map((message) => withoutImages(message));
  const images = parts.reduce((sum, part) => sum + part.images, 0);
  const text = JSON.stringify({ messages: parts.map(({ text }) => text), tools });
  return { inputTokens: estimateText(text) + images * IMAGE_TOKENS, outputTokens: maxTokens };
}

/** What the images of a request may come to beyond its estimate, in tokens. */
export function imageSlack({ messages }: Pick<ChatRequest, 'messages'>): number {
  const images = messages.reduce((sum, message) => sum + withoutImages(message).images, 0);
  return images * (MOST_IMAGE_TOKENS - IMAGE_TOKENS);
}

/** Tokens of one message as it goes over the wire. */
export function estimateMessage(message: ChatMessage): number {
  const { text, images } = withoutImages(message);
  return estimateText(JSON.stringify(text)) + images * IMAGE_TOKENS;
}

export function estimateText(text: string): number {
  return tokensOfBytes(encoder.encode(text).length);
}

export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

/** Only where the wire form has images: text that is named like one stays text. */
function withoutImages(message: ChatMessage): { readonly text: ChatMessage; readonly images: number } {
  if (message.role !== 'user' || typeof message.content === 'string') return { text: message, images: 0 };
  const content = message.content.filter((part) => part.type === 'text');
  return { text: { ...message, content }, images: message.content.length - content.length };
}
