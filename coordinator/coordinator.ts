import type { Server } from 'node:http';
import type { Desk, Inbound } from '@reeve/core';
import { noteCheckpoints } from './audit-checkpoints.ts';
import { createConversationRoom } from './conversation-room.ts';
import type { CoordinatorDeps } from './coordinator-deps.ts';
import { watchFence } from './fenced-store.ts';
import { createOutboxDelivery } from './outbox-delivery.ts';
import { createPresence } from './presence.ts';
import { createQuietKeeper } from './quiet-hours.ts';
import { createTaskRoom } from './task-room.ts';

export interface Coordinator {
  /** The task link's server; composition decides where it listens. */
  readonly link: Server;
  readonly desk: Desk;
  readonly inbound: Inbound;
  /**
   * Takes up what an earlier process left and works until the signal aborts; resolves when everything has stopped.
   * When one part breaks down the others are stopped too, and it rejects; so it does with `CoordinatorFenced` once a
   * newer coordinator has taken over.
   */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Puts the brain together: the outbox, the task room (tasks, questions, executors) and the conversation room (intake,
 * commands, turns). Nothing runs and nothing is read before `run`.
 */
export function createCoordinator(given: CoordinatorDeps): Coordinator {
  const breakdown = new AbortController();
  const deps = { ...given, store: watchFence(given.store, (error) => breakdown.abort(error)) };
  const presence = createPresence(deps);
  const quiet = createQuietKeeper({
    ...deps,
    presence,
    newId: () => deps.ids.newId(),
    onReleased: () => outbox.wake(),
  });
  presence.onSeen(quiet.wake);
  deps.config.onChanged(quiet.wake);
  const outbox = createOutboxDelivery({ ...deps, holds: quiet.holds });
  const tasks = createTaskRoom(deps, outbox);
  const conversations = createConversationRoom(deps, tasks, { outbox, presence });
  return {
    link: tasks.link,
    desk: conversations.desk,
    inbound: conversations.inbound,
    async run(signal) {
      const stop = AbortSignal.any([signal, breakdown.signal]);
      const checkpoints = { run: (abort: AbortSignal) => noteCheckpoints(deps, abort) };
      const parts = [tasks, outbox, conversations, quiet, checkpoints].map((part) =>
        part.run(stop).catch((error: unknown) => breakdown.abort(error)),
      );
      await Promise.all(parts);
      if (breakdown.signal.aborted) throw breakdown.signal.reason;
    },
  };
}
