import type { Clock, Model } from '@reeve/core';
import { chooseModels, type ModelDescriptor, type ModelSet, type NamedModel } from '@reeve/gateway';
import { createOpenAiModel, createRehearsalModel } from '@reeve/model';
import type { Settings } from '../settings.ts';

export interface GatewayModels {
  readonly set: ModelSet;
  /** In words, for `/status` and the greeting. */
  readonly summary: string;
  readonly isRehearsal: boolean;
}

/** How long a provider may take; reasoning models think for minutes before their first word. */
const TIMEOUTS = { firstByteMs: 120_000, idleMs: 60_000, totalMs: 300_000 };

/** Makes the models that settings ask for; without any key or address the rehearsal model. One stays while it is asked for. */
export type ModelMaker = (settings: Settings) => GatewayModels;

/** `watch` is put round each model that is made. */
export function createModelMaker(
  clock: Clock,
  watch: (model: Model) => Model = (model) => model,
): ModelMaker {
  let made = new Map<string, NamedModel>();

  return (settings) => {
    const chosen = chooseModels(settings);
    const kept = new Map<string, NamedModel>();
    const make = (descriptor: ModelDescriptor): NamedModel => {
      const key = JSON.stringify(descriptor);
      const named = kept.get(key) ??
        made.get(key) ?? { name: nameOf(descriptor), model: watch(modelOf(descriptor, clock)) };
      kept.set(key, named);
      return named;
    };
    const set: ModelSet = {
      coordinator: make(chosen.coordinator),
      executor: make(chosen.executor),
      fallback: chosen.fallback && make(chosen.fallback),
      vision: chosen.vision && make(chosen.vision),
    };
    made = kept;
    return { set, summary: chosen.describe, isRehearsal: chosen.coordinator.kind === 'rehearsal' };
  };
}

function modelOf(descriptor: ModelDescriptor, clock: Clock): Model {
  return descriptor.kind === 'rehearsal'
    ? createRehearsalModel({ clock })
    : createOpenAiModel({ ...descriptor, timeouts: TIMEOUTS });
}

function nameOf(model: ModelDescriptor): string {
  return model.kind === 'openai' ? model.model : model.kind;
}
