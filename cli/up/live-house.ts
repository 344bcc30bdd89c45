import { DEFAULT_LIVE_SETTINGS, type LiveSettings, type SettingsDesk } from '@reeve/coordinator';
import type { BudgetPlan, ContextBudgets } from '@reeve/core';
import type { ModelSet } from '@reeve/gateway';
import { type Settings, withOwnerValues } from '../settings.ts';
import { budgetPlanOf } from './budget.ts';
import type { GatewayModels, ModelMaker } from './models.ts';

/** What gateway and coordinator read anew for each call, turn and card. */
export interface LiveHouse {
  models(): ModelSet;
  budget(): BudgetPlan;
  settings(): LiveSettings;
  /** Which models answer now. */
  summary(): Pick<GatewayModels, 'summary' | 'isRehearsal'>;
}

/** Follows the settings desk: what is read here is worked out once for each change. */
export function createLiveHouse(deps: {
  settings: Settings;
  desk: Pick<SettingsDesk, 'current' | 'onChanged'>;
  makeModels: ModelMaker;
}): LiveHouse {
  const workOut = () => {
    const settings = withOwnerValues(deps.settings, deps.desk.current());
    const models = deps.makeModels(settings);
    return { models, settings: liveSettingsOf(settings, models) };
  };
  let now = workOut();
  deps.desk.onChanged(() => {
    now = workOut();
  });
  return {
    models: () => now.models.set,
    budget: () => now.settings.budget,
    settings: () => now.settings,
    summary: () => now.models,
  };
}

function liveSettingsOf(settings: Settings, { set, summary }: GatewayModels): LiveSettings {
  return {
    parallelTasks: settings.REEVE_PARALLEL_TASKS,
    holdMs: settings.REEVE_HOLD_SECONDS * 1000,
    timeZone: settings.REEVE_TIME_ZONE,
    quietHours: settings.REEVE_QUIET_HOURS,
    contextTokens: contextTokensOf(settings.REEVE_CONTEXT_TOKENS, set.coordinator.name),
    canSee: set.vision !== null,
    whileAnswering: settings.REEVE_WHILE_ANSWERING,
    streaming: settings.REEVE_STREAMING,
    language: settings.REEVE_LANGUAGE,
    ownerName: settings.REEVE_OWNER_NAME,
    tone: settings.REEVE_TONE,
    modelSummary: summary,
    budget: budgetPlanOf(settings),
  };
}

function contextTokensOf(budgets: ContextBudgets, model: string): number {
  const own = Object.hasOwn(budgets.byModel, model) ? budgets.byModel[model] : undefined;
  return own ?? budgets.any ?? DEFAULT_LIVE_SETTINGS.contextTokens;
}
