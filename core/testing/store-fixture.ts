import type { EventLog } from '../event-log.ts';
import type { GatewayStore, Store } from '../store.ts';

/** Stores on one empty database for one test. */
export interface StoreFixture {
  readonly store: Store;
  /** What a second coordinator process would open. */
  readonly rival: Store;
  readonly gateway: GatewayStore;
  readonly events: EventLog;
  dispose(): Promise<void>;
}

export type OpenStore = () => Promise<StoreFixture>;
