import { type ChatRequest, chatMessageSchema, chatToolSchema, type ModelRole } from '@reeve/core';
import { z } from 'zod';

const textPartSchema = z.object({ type: z.literal('text'), text: z.string() });

/** Clients may send text as a list of parts where we keep a string, and `developer` for `system`. */
const messageSchema = z.preprocess((value) => {
  if (value === null || typeof value !== 'object') return value;
  const message: Record<string, unknown> = { ...value };
  if (message['role'] === 'developer') message['role'] = 'system';
  const parts = z.array(textPartSchema).safeParse(message['content']);
  if (message['role'] !== 'user' && parts.success)
    message['content'] = parts.data.map((part) => part.text).join('');
  return message;
}, chatMessageSchema);

/** The request as OpenAI's clients send it. Fields that are not named here are ignored, the wished model among them. */
export const completionRequestSchema = z.object({
  messages: z.array(messageSchema).min(1),
  tools: z.array(chatToolSchema).nullish(),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  stream: z.boolean().nullish(),
});

export type CompletionRequest = z.output<typeof completionRequestSchema>;

/** The call for a model: the role from the token, never from the caller, and always a ceiling. */
export function chatRequestOf(wire: CompletionRequest, role: ModelRole, maxTokens: number): ChatRequest {
  const wished = wire.max_completion_tokens ?? wire.max_tokens ?? maxTokens;
  return {
    role,
    messages: wire.messages,
    tools: wire.tools ?? [],
    maxTokens: Math.min(wished, maxTokens),
  };
}
