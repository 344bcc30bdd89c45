import { ownerSettingNames } from '@reeve/core';
import type { FixedLayers } from '../settings-desk.ts';

/** A house whose file and environment say nothing but this. */
export function noLayers(said: Partial<FixedLayers> = {}): FixedLayers {
  const silent = ownerSettingNames().map((name) => [name, { file: undefined, environment: undefined }]);
  return { ...(Object.fromEntries(silent) as unknown as FixedLayers), ...said };
}
