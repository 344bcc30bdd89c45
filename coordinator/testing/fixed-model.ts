import { type ChatChunk, type ChatRequest, type Model, ModelError } from '@reeve/core';

export type ModelAnswer =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'calls';
      readonly text: string;
      readonly calls: readonly { readonly name: string; readonly arguments: object | string }[];
    }
  | { readonly kind: 'error'; readonly error: Error }
  /** Never ends its answer, of which `after` is said; only an abort ends it. */
  | { readonly kind: 'hang'; readonly after?: string };

export const says = (text: string): ModelAnswer => ({ kind: 'text', text });
export const calls = (...list: { name: string; arguments: object | string }[]): ModelAnswer => ({
  kind: 'calls',
  text: '',
  calls: list,
});
export const starts = (...titles: string[]): ModelAnswer =>
  calls(...titles.map((title) => ({ name: 'task_start', arguments: { title, goal: `do ${title}` } })));
export const failsWith = (code: ModelError['code']): ModelAnswer => ({
  kind: 'error',
  error: new ModelError(code, `scripted ${code}`, { retryable: false }),
});

export interface FixedModel extends Model {
  readonly requests: readonly ChatRequest[];
}

/** A model that answers by a rule: what it is asked decides, not how often, so a restart changes nothing. */
export function createFixedModel(rule: (request: ChatRequest) => ModelAnswer): FixedModel {
  const requests: ChatRequest[] = [];
  return {
    requests,
    async *stream(request, signal): AsyncGenerator<ChatChunk> {
      signal.throwIfAborted();
      requests.push(request);
      const answer = rule(request);
      if (answer.kind === 'error') throw answer.error;
      if (answer.kind === 'hang') {
        if (answer.after !== undefined) yield { kind: 'text', text: answer.after };
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        );
      }
      yield* chunksOf(answer);
    },
  };
}

function* chunksOf(answer: ModelAnswer): Generator<ChatChunk> {
  if (answer.kind === 'text') yield { kind: 'text', text: answer.text };
  if (answer.kind === 'calls') {
    for (const [index, call] of answer.calls.entries()) {
      const json = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
      yield { kind: 'tool-call', index, id: `call_${index}`, name: call.name, arguments: json };
    }
  }
  yield { kind: 'end', reason: answer.kind === 'calls' ? 'tool-calls' : 'stop', usage: null, model: 'fixed' };
}

/** The person's words of this turn. */
export function lastWords(request: ChatRequest): string {
  const last = request.messages.findLast((message) => message.role === 'user');
  return typeof last?.content === 'string' ? last.content : '';
}

/** What the calls of this turn's rounds returned so far. */
export function roundResults(request: ChatRequest): string[] {
  return request.messages.flatMap((message) => (message.role === 'tool' ? [message.content] : []));
}
