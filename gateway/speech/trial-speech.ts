import { type Clock, type Log, type Speech, UNCAPPED } from '@reeve/core';
import { closedRanges } from '../egress/address-class.ts';
import { DEFAULT_EGRESS_LIMITS } from '../egress/egress-limits.ts';
import { createSystemNetwork } from '../egress/network.ts';
import { createSettling } from '../settling.ts';
import type { SpeechChoice } from './speech-choice.ts';
import { createSpeechDesk } from './speech-desk.ts';

/**
 * The operator's speech providers by the same calls as in the gateway, without budget and chain: for a look at whether
 * they work, where no Reeve need run.
 */
export function createTrialSpeech(speech: SpeechChoice, clock: Clock): Speech {
  return createSpeechDesk({
    speech,
    clock,
    network: createSystemNetwork(),
    limits: DEFAULT_EGRESS_LIMITS,
    closedRanges: closedRanges([]),
    plan: () => UNCAPPED,
    log: QUIET,
    settling: createSettling({ clock, log: QUIET, stopping: new AbortController().signal }),
    store: {
      budget: {
        reserve: async () => ({ kind: 'reserved', id: 'trial' }),
        settle: async () => true,
        abandonOpen: async () => 0,
        release: async () => undefined,
      },
      audit: {
        append: async ({ subject }) => ({ sequence: 0, body: '', subject, previousHash: '', hash: '' }),
      },
    },
  });
}

const nothing = () => undefined;
/** What fails is the finding itself. */
const QUIET: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
