import { createSystemClock } from '@reeve/clock';
import { collectAnswer, type Model, ModelError, type ModelRole } from '@reeve/core';
import type { Settings } from '../settings.ts';
import { createModelMaker } from '../up/models.ts';
import { budgetChecks } from './budget-checks.ts';
import type { Check } from './check.ts';

const LIMIT_MS = 60_000;

/** Each model proves itself with a real completion. */
export function modelChecks(settings: Settings): Check[] {
  const models = createModelMaker(createSystemClock())(settings);
  const source: Check = {
    id: 'model-source',
    title: 'Model source',
    expected: 'a model provider is set',
    fix: 'Set OPENROUTER_API_KEY, or OPENAI_API_KEY and OPENAI_BASE_URL, and start again.',
    run: async () =>
      models.isRehearsal
        ? { state: 'warning', observed: 'none is set: the rehearsal model answers' }
        : { state: 'ok', observed: models.summary },
  };
  return [
    source,
    completion('coordinator', models.set.coordinator.model),
    completion('executor', models.set.executor.model),
    ...budgetChecks(settings, models.set),
  ];
}

function completion(role: ModelRole, model: Model): Check {
  return {
    id: `model-${role}`,
    title: `Model of the ${role}`,
    expected: 'answers a short question',
    fix: 'Check the key, the address and the model’s name.',
    async run() {
      const startedAt = performance.now();
      const messages = [{ role: 'user', content: 'Answer with the one word: ready' }] as const;
      try {
        const answer = await collectAnswer(
          model.stream({ role, messages, tools: [], maxTokens: 50 }, AbortSignal.timeout(LIMIT_MS)),
        );
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
        const said = answer.text.trim() !== '';
        return {
          state: said ? 'ok' : 'failed',
          observed: said
            ? `${answer.model} answered in ${seconds} s`
            : `${answer.model} answered with nothing`,
        };
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        return { state: 'failed', observed: error.message };
      }
    },
  };
}
