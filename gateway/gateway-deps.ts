import type { BudgetPlan, Clock, GatewayStore, HostPort, Log } from '@reeve/core';
import type { EgressLimits } from './egress/egress-limits.ts';
import type { Network } from './egress/network.ts';
import type { GitCredentials } from './git/git-credentials.ts';
import type { GitLimits } from './git/git-limits.ts';
import type { GatewayLimits } from './limits.ts';
import type { ModelSet } from './model-line.ts';
import type { SearchChoice } from './search/search-choice.ts';
import type { SecretFiller } from './secret-filler.ts';
import type { SpeechChoice } from './speech/speech-choice.ts';

/** What a gateway is made of. */
export interface GatewayDeps {
  /** Read anew for each call, as is the budget: settings change while the gateway runs. */
  readonly models: () => ModelSet;
  /** The caps of the settings and what models cost. */
  readonly budget: () => BudgetPlan;
  readonly store: GatewayStore;
  /** The tenant's key that task and coordinator tokens are signed with. */
  readonly tokenKey: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: GatewayLimits;
  /** Private hosts that requests and tunnels may reach all the same, by the operator's word. */
  readonly privateHosts?: readonly HostPort[];
  /** Ranges that nothing is sent to besides private ones, such as `203.0.114.0/24`: a cluster's own, where they are public. */
  readonly closedRanges?: readonly string[];
  readonly secrets?: SecretFiller;
  /** Off unless given. */
  readonly search?: SearchChoice;
  /** Off unless given. */
  readonly speech?: SpeechChoice;
  /** The system's resolver and sockets unless given. */
  readonly network?: Network;
  readonly egressLimits?: EgressLimits;
  /** Without them Git reads what is public. */
  readonly gitCredentials?: GitCredentials;
  readonly gitLimits?: GitLimits;
  /** For request ids and jitter; 0 to 1. */
  readonly random?: () => number;
}
