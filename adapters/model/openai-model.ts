import type { ChatRequest, Model } from '@reeve/core';
import { createCompletionReader } from './completion-reader.ts';
import { failureOfProvider } from './openai-failure.ts';
import { createWatchedFetch, type ModelTimeouts, startWatch } from './watched-fetch.ts';

export type { ModelTimeouts } from './watched-fetch.ts';

export interface OpenAiModelOptions {
  /** Such as `https://openrouter.ai/api/v1`. */
  readonly baseUrl: string;
  /** Empty for local servers that want none. */
  readonly apiKey: string;
  readonly model: string;
  readonly defaultHeaders?: Readonly<Record<string, string>>;
  readonly timeouts: ModelTimeouts;
}

/**
 * Any OpenAI-compatible chat endpoint, through OpenAI's own client, always streamed, never retried here: what may be
 * tried again, and with which model, is the gateway's to decide. The client is loaded when a model is made, so that a
 * start without a provider does not pay for it. The key appears in no error.
 */
export function createOpenAiModel(options: OpenAiModelOptions): Model {
  const { apiKey, timeouts } = options;
  const loading = import('openai').then(({ OpenAI }) => OpenAI);
  // A failed import is reported by the first call, which awaits the same promise.
  loading.catch(() => undefined);

  return {
    async *stream(request, signal) {
      const OpenAI = await loading;
      signal.throwIfAborted();
      const watch = startWatch(timeouts, signal);
      try {
        const client = new OpenAI({
          baseURL: options.baseUrl,
          apiKey: apiKey || 'none',
          maxRetries: 0,
          timeout: timeouts.totalMs,
          logLevel: 'off',
          defaultHeaders: { ...options.defaultHeaders },
          fetch: createWatchedFetch(watch),
        });
        const reader = createCompletionReader(options.model);
        const stream = await client.chat.completions.create(bodyOf(request, options), {
          signal: watch.signal,
        });
        for await (const piece of stream) {
          for (const chunk of reader.read(piece)) {
            watch.signal.throwIfAborted();
            yield chunk;
          }
        }
        watch.signal.throwIfAborted();
        yield reader.end();
      } catch (error) {
        watch.signal.throwIfAborted();
        throw failureOfProvider(error, apiKey);
      } finally {
        watch.stop();
      }
    },
  };
}

type StreamBody = Parameters<
  InstanceType<typeof import('openai').OpenAI>['chat']['completions']['create']
>[0] & { stream: true };

function bodyOf(request: ChatRequest, { baseUrl, model }: OpenAiModelOptions): StreamBody {
  return {
    model,
    messages: request.messages.map((message) => ({ ...message })) as StreamBody['messages'],
    ...(request.tools.length > 0 ? { tools: [...request.tools] as NonNullable<StreamBody['tools']> } : {}),
    ...(limitIsNamedCompletion(baseUrl)
      ? { max_completion_tokens: request.maxTokens }
      : { max_tokens: request.maxTokens }),
    stream: true,
    stream_options: { include_usage: true },
  };
}

/**
 * OpenAI and Azure refuse `max_tokens` for their newer models; nearly every other server knows only that older name
 * and would ignore the new one, which leaves the answer without a ceiling. So the host decides.
 */
function limitIsNamedCompletion(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl);
  return hostname === 'api.openai.com' || hostname.endsWith('.openai.azure.com');
}
