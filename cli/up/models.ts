import type { Clock, Model } from '@reeve/core';
import { type ChosenModel, chooseModels } from '@reeve/gateway';
import { createOpenAiModel, createRehearsalModel } from '@reeve/model';
import type { Settings } from '../settings.ts';

export interface GatewayModels {
  readonly coordinator: Model;
  readonly executor: Model;
  readonly fallback?: Model;
  /** In words, for `/status` and the greeting. */
  readonly summary: string;
  readonly isRehearsal: boolean;
}

/** The models that the settings ask for; without any key or address the rehearsal model. */
export function createModels(settings: Settings, clock: Clock): GatewayModels {
  const chosen = chooseModels(settings);
  const create = (model: ChosenModel): Model =>
    model.kind === 'rehearsal' ? createRehearsalModel({ clock }) : createOpenAiModel(model);
  return {
    coordinator: create(chosen.coordinator),
    executor: create(chosen.executor),
    ...(chosen.fallback ? { fallback: create(chosen.fallback) } : {}),
    summary: chosen.summary,
    isRehearsal: chosen.coordinator.kind === 'rehearsal',
  };
}
