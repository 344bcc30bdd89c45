import type { CoordinatorSettings, SettingsDesk } from '@reeve/coordinator';
import type { Speech } from '@reeve/core';
import { chooseSpeech } from '@reeve/gateway';
import { createGatewaySpeech } from '@reeve/model/gateway-speech';
import type { Settings } from '../settings.ts';

/** Listening and reading out, as the settings have them. */
export interface HouseSpeech {
  /** Through the gateway, which holds the keys. */
  readonly speech: Speech;
  readonly state: CoordinatorSettings['speech'];
  /** A health line with its fix, when answers are to be read out and nobody can. */
  trouble(): string[];
}

export function openSpeech(deps: {
  settings: Settings;
  gatewaySocket: string;
  token: () => string;
  config: Pick<SettingsDesk, 'current'>;
}): HouseSpeech {
  const { hearing, speaking } = chooseSpeech(deps.settings);
  return {
    speech: createGatewaySpeech({ socketPath: deps.gatewaySocket, token: deps.token }),
    state: {
      hearing: { isOn: hearing.kind === 'on', summary: hearing.describe },
      speaking: { isOn: speaking.kind === 'on', summary: speaking.describe },
    },
    trouble: () =>
      deps.config.current().voice && speaking.kind === 'off'
        ? [`Answers are to be read out, but reading out is ${speaking.describe}.`]
        : [],
  };
}
