import type {
  AuditCheckpoints,
  ChannelAdapter,
  Clock,
  Ids,
  Launcher,
  Log,
  Model,
  ObjectStore,
  SecretDesk,
  Speech,
  Store,
  TaskQueue,
} from '@reeve/core';
import type { People } from './people.ts';
import type { CoordinatorSettings, LiveSettings, Reach } from './settings.ts';
import type { SettingsDesk } from './settings-desk.ts';

/** What a coordinator is made of. */
export interface CoordinatorDeps {
  readonly store: Store;
  readonly queue: TaskQueue;
  readonly objects: ObjectStore;
  readonly launcher: Launcher;
  /** Reaches models through the gateway. */
  readonly model: Model;
  /** Listens to recordings, through the gateway. */
  readonly speech: Pick<Speech, 'transcribe'>;
  /** Which secrets there are, so that workers know what they may name. */
  readonly secrets: Pick<SecretDesk, 'list'>;
  readonly channels: ReadonlyMap<string, ChannelAdapter>;
  readonly checkpoints: AuditCheckpoints;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Signs task tokens; the gateway verifies with the same key. */
  readonly tokenKey: Uint8Array;
  readonly people: People;
  readonly settings: CoordinatorSettings;
  /** What holds now of what the owner may change. */
  readonly live: () => LiveSettings;
  /** Where the owner changes it. */
  readonly config: SettingsDesk;
  /** How Reeve is reached, for the menu of connections. */
  readonly reach: () => Reach;
  /** Health lines for `/status`, each with its fix; empty when all is well. */
  readonly trouble: () => readonly string[];
}
