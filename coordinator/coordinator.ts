import type { Server } from 'node:http';
import type {
  ChannelAdapter,
  Clock,
  Desk,
  Ids,
  Inbound,
  Launcher,
  Log,
  Model,
  ObjectStore,
  Sender,
  Store,
  TaskQueue,
} from '@reeve/core';
import { createConversationRoom } from './conversation-room.ts';
import { createOutboxDelivery } from './outbox-delivery.ts';
import type { Role } from './people.ts';
import type { CoordinatorSettings } from './settings.ts';
import { createTaskRoom } from './task-room.ts';

export interface CoordinatorDeps {
  readonly store: Store;
  readonly queue: TaskQueue;
  readonly objects: ObjectStore;
  readonly launcher: Launcher;
  /** Reaches models through the gateway. */
  readonly model: Model;
  readonly channels: ReadonlyMap<string, ChannelAdapter>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Signs task tokens; the gateway verifies with the same key. */
  readonly tokenKey: Uint8Array;
  readonly roleOf: (sender: Sender, channel: string) => Role;
  readonly settings: CoordinatorSettings;
  /** Health lines for `/status`, each with its fix; empty when all is well. */
  readonly trouble: () => readonly string[];
}

export interface Coordinator {
  /** The task link's server; composition decides where it listens. */
  readonly link: Server;
  readonly desk: Desk;
  readonly inbound: Inbound;
  /** Takes up what an earlier process left and works until the signal aborts; resolves when everything has stopped. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Puts the brain together: the outbox, the task room (tasks, questions, executors) and the conversation room (intake,
 * commands, turns). Nothing runs and nothing is read before `run`.
 */
export function createCoordinator(deps: CoordinatorDeps): Coordinator {
  const outbox = createOutboxDelivery(deps);
  const tasks = createTaskRoom(deps, outbox.wake);
  const conversations = createConversationRoom(deps, tasks, outbox.wake);
  return {
    link: tasks.link,
    desk: conversations.desk,
    inbound: conversations.inbound,
    async run(signal) {
      await Promise.all([tasks.run(signal), outbox.run(signal), conversations.run(signal)]);
    },
  };
}
