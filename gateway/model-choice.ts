/** The settings that decide which models answer; the names are those of the environment. */
export interface ModelSettings {
  readonly OPENAI_BASE_URL?: string | undefined;
  readonly OPENAI_API_KEY?: string | undefined;
  readonly OPENROUTER_API_KEY?: string | undefined;
  readonly REEVE_MODEL_COORDINATOR?: string | undefined;
  readonly REEVE_MODEL_EXECUTOR?: string | undefined;
  readonly REEVE_MODEL_FALLBACK?: string | undefined;
  readonly REEVE_MODEL_VISION?: string | undefined;
}

/** Which model to make; the composition root makes it. */
export type ModelDescriptor =
  | { readonly kind: 'openai'; readonly baseUrl: string; readonly apiKey: string; readonly model: string }
  | { readonly kind: 'rehearsal' };

export interface ModelChoice {
  readonly coordinator: ModelDescriptor;
  readonly executor: ModelDescriptor;
  /** Takes over when the first fails before its first token; null for none. */
  readonly fallback: ModelDescriptor | null;
  /** Answers what holds images; null for none. */
  readonly vision: ModelDescriptor | null;
  /** One line for `/status` and `doctor`, without keys. */
  readonly describe: string;
}

export const OPENAI_URL = 'https://api.openai.com/v1';
export const OPENROUTER_URL = 'https://openrouter.ai/api/v1';

/**
 * What the roles get when nothing names a model: a small fast one, because the coordinator's first words are waited
 * for, and the same for tasks, because a default must not surprise by its price. OpenRouter's names carry the maker.
 */
const DEFAULT_OPENAI_MODEL = 'gpt-5-mini';
const DEFAULT_OPENROUTER_MODEL = `openai/${DEFAULT_OPENAI_MODEL}`;

/**
 * Chooses the models from the settings. Pure.
 *
 * - `OPENAI_BASE_URL` or `OPENAI_API_KEY` set: that endpoint (a base address alone is a local server without a key; a
 *   key alone is OpenAI itself). It wins over OpenRouter, because it is the more particular wish.
 * - else `OPENROUTER_API_KEY`: OpenRouter.
 * - else the rehearsal model, for every role and without a fallback.
 *
 * `REEVE_MODEL_COORDINATOR` and `REEVE_MODEL_EXECUTOR` name the models; each defaults to the other, then to
 * `gpt-5-mini` (`openai/gpt-5-mini` at OpenRouter). `REEVE_MODEL_FALLBACK` and `REEVE_MODEL_VISION` have
 * no default.
 */
export function chooseModels(settings: ModelSettings): ModelChoice {
  const endpoint = modelEndpoint(settings);
  if (!endpoint) {
    const rehearsal = { kind: 'rehearsal' } as const;
    return {
      coordinator: rehearsal,
      executor: rehearsal,
      fallback: null,
      vision: null,
      describe: 'rehearsal (no model is configured)',
    };
  }
  const { REEVE_MODEL_COORDINATOR, REEVE_MODEL_EXECUTOR, REEVE_MODEL_FALLBACK, REEVE_MODEL_VISION } =
    settings;
  const coordinator = REEVE_MODEL_COORDINATOR || REEVE_MODEL_EXECUTOR || endpoint.defaultModel;
  const executor = REEVE_MODEL_EXECUTOR || REEVE_MODEL_COORDINATOR || endpoint.defaultModel;
  const at = (model: string): ModelDescriptor => ({
    kind: 'openai',
    baseUrl: endpoint.baseUrl,
    apiKey: endpoint.apiKey,
    model,
  });
  return {
    coordinator: at(coordinator),
    executor: at(executor),
    fallback: REEVE_MODEL_FALLBACK ? at(REEVE_MODEL_FALLBACK) : null,
    vision: REEVE_MODEL_VISION ? at(REEVE_MODEL_VISION) : null,
    describe: describe(endpoint.baseUrl, coordinator, executor, REEVE_MODEL_FALLBACK, REEVE_MODEL_VISION),
  };
}

/** Where models answer; null when nothing names a provider. */
export function modelEndpoint(
  settings: ModelSettings,
): { baseUrl: string; apiKey: string; defaultModel: string } | null {
  const { OPENAI_BASE_URL, OPENAI_API_KEY, OPENROUTER_API_KEY } = settings;
  if (OPENAI_BASE_URL || OPENAI_API_KEY)
    return {
      baseUrl: (OPENAI_BASE_URL || OPENAI_URL).replace(/\/+$/, ''),
      apiKey: OPENAI_API_KEY ?? '',
      defaultModel: isOpenRouter(OPENAI_BASE_URL) ? DEFAULT_OPENROUTER_MODEL : DEFAULT_OPENAI_MODEL,
    };
  if (OPENROUTER_API_KEY)
    return { baseUrl: OPENROUTER_URL, apiKey: OPENROUTER_API_KEY, defaultModel: DEFAULT_OPENROUTER_MODEL };
  return null;
}

export function isOpenRouter(baseUrl: string | undefined): boolean {
  return baseUrl !== undefined && new URL(baseUrl).hostname === 'openrouter.ai';
}

function describe(
  baseUrl: string,
  coordinator: string,
  executor: string,
  fallback?: string,
  vision?: string,
): string {
  const names = coordinator === executor ? coordinator : `${coordinator}, tasks ${executor}`;
  const others = `${fallback ? `, fallback ${fallback}` : ''}${vision ? `, images ${vision}` : ''}`;
  return `${names}${others} at ${new URL(baseUrl).host}`;
}
