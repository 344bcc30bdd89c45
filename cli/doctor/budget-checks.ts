import { CAP_KINDS, type Cap, MICROS_PER_DOLLAR, priceOf } from '@reeve/core';
import type { ModelSet } from '@reeve/gateway';
import type { Settings } from '../settings.ts';
import { budgetPlanOf } from '../up/budget.ts';
import type { Check } from './check.ts';

/** What bounds the use of models, and whether money can be counted for each of them. */
export function budgetChecks(settings: Settings, set: ModelSet): Check[] {
  const plan = budgetPlanOf(settings);
  const models = [
    ...new Set([set.coordinator, set.executor, set.fallback, set.vision].flatMap((each) => each?.name ?? [])),
  ];
  const unpriced = models.filter((model) => priceOf(plan.prices, model) === null);
  const hasMoneyCap = CAP_KINDS.some((kind) => plan.caps[kind].micros !== null);
  const caps = CAP_KINDS.map((kind) => `${kind} ${capText(plan.caps[kind])}`).join(', ');
  return [
    {
      id: 'budget',
      title: 'Budget',
      expected: 'a price for every model when a cap is in money',
      fix: `Add ${unpriced.join(', ')} to REEVE_PRICES, or set caps in tokens.`,
      run: async () =>
        hasMoneyCap && unpriced.length > 0
          ? {
              state: 'warning',
              observed: `${caps}; no price, so no money is counted, for ${unpriced.join(', ')}`,
            }
          : { state: 'ok', observed: caps },
    },
  ];
}

function capText({ tokens, micros }: Cap): string {
  const parts = [
    ...(tokens === null ? [] : [`${tokens.toLocaleString('en-US')} tokens`]),
    ...(micros === null ? [] : [`$${(micros / MICROS_PER_DOLLAR).toFixed(2)}`]),
  ];
  return parts.join(' and ') || 'without a cap';
}
