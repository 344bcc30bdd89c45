import type { Clock, Model } from '@reeve/core';
import { chooseModels, type ModelDescriptor, type ModelNames } from '@reeve/gateway';
import { createOpenAiModel, createRehearsalModel } from '@reeve/model';
import type { Settings } from '../settings.ts';

export interface GatewayModels {
  readonly coordinator: Model;
  readonly executor: Model;
  readonly fallback: Model | null;
  /** As the settings name them. */
  readonly names: ModelNames;
  /** In words, for `/status` and the greeting. */
  readonly summary: string;
  readonly isRehearsal: boolean;
}

/** How long a provider may take; reasoning models think for minutes before their first word. */
const TIMEOUTS = { firstByteMs: 120_000, idleMs: 60_000, totalMs: 300_000 };

/** The models that the settings ask for; without any key or address the rehearsal model. */
export function createModels(settings: Settings, clock: Clock): GatewayModels {
  const chosen = chooseModels(settings);
  const create = (model: ModelDescriptor): Model =>
    model.kind === 'rehearsal'
      ? createRehearsalModel({ clock })
      : createOpenAiModel({ ...model, timeouts: TIMEOUTS });
  return {
    coordinator: create(chosen.coordinator),
    executor: create(chosen.executor),
    fallback: chosen.fallback && create(chosen.fallback),
    names: {
      coordinator: nameOf(chosen.coordinator),
      executor: nameOf(chosen.executor),
      fallback: chosen.fallback && nameOf(chosen.fallback),
    },
    summary: chosen.describe,
    isRehearsal: chosen.coordinator.kind === 'rehearsal',
  };
}

function nameOf(model: ModelDescriptor): string {
  return model.kind === 'openai' ? model.model : model.kind;
}
