import type { Clock, GatewayStore, Log, Model, ModelRole } from '@reeve/core';
import type { GatewayLimits } from './limits.ts';

/** What a gateway is made of. */
export interface GatewayDeps {
  readonly models: Readonly<Record<ModelRole, Model>>;
  readonly fallback?: Model;
  readonly store: GatewayStore;
  /** The tenant's key that task and coordinator tokens are signed with. */
  readonly tokenKey: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: GatewayLimits;
  /** For request ids and jitter; 0 to 1. */
  readonly random?: () => number;
}
