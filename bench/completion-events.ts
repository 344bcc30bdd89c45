import type { ScriptedAnswer } from './model-script.ts';

const MODEL_NAME = 'bench-1';

/** An answer as OpenAI's stream of events, `[DONE]` included. */
export function completionEvents(answer: Pick<ScriptedAnswer, 'text' | 'calls'>): readonly string[] {
  return [
    ...deltasOf(answer).map((delta) => chunkOf(delta, null)),
    chunkOf({}, answer.calls.length > 0 ? 'tool_calls' : 'stop'),
    usageChunk(),
    'data: [DONE]\n\n',
  ];
}

function deltasOf({ text, calls }: Pick<ScriptedAnswer, 'text' | 'calls'>): object[] {
  const words = text === '' ? [] : text.split(/(?<= )/).map((content) => ({ content }));
  const toolCalls = calls.map((call, index) => ({
    index,
    id: `call_${index}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }));
  return [{ role: 'assistant', content: '' }, ...words, ...toolCalls.map((call) => ({ tool_calls: [call] }))];
}

function chunkOf(delta: object, finishReason: string | null): string {
  return event({ choices: [{ index: 0, delta, finish_reason: finishReason }] });
}

function usageChunk(): string {
  return event({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 } });
}

function event(rest: object): string {
  const head = { id: 'bench', object: 'chat.completion.chunk', created: 0, model: MODEL_NAME };
  return `data: ${JSON.stringify({ ...head, ...rest })}\n\n`;
}
