import type { Server } from 'node:http';
import type { Desk, Inbound } from '@reeve/core';
import { createConversationRoom } from './conversation-room.ts';
import type { CoordinatorDeps } from './coordinator-deps.ts';
import { createOutboxDelivery } from './outbox-delivery.ts';
import { createTaskRoom } from './task-room.ts';

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
