import { type BudgetPlan, MICROS_PER_DOLLAR } from '@reeve/core';
import type { Settings } from '../settings.ts';

const FREE = { inputPerMillion: 0, outputPerMillion: 0 };

/** The caps and prices that the settings ask for. */
export function budgetPlanOf(settings: Settings): BudgetPlan {
  const cap = (tokens: number | undefined, dollars: number | undefined) => ({
    tokens: tokens ?? null,
    micros: dollars === undefined ? null : Math.round(dollars * MICROS_PER_DOLLAR),
  });
  return {
    caps: {
      task: cap(settings.REEVE_CAP_TASK_TOKENS, settings.REEVE_CAP_TASK_USD),
      day: cap(settings.REEVE_CAP_DAY_TOKENS, settings.REEVE_CAP_DAY_USD),
      month: cap(settings.REEVE_CAP_MONTH_TOKENS, settings.REEVE_CAP_MONTH_USD),
    },
    prices: { rehearsal: FREE, ...settings.REEVE_PRICES },
    timeZone: settings.REEVE_TIME_ZONE,
  };
}
