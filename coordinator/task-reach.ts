import type { InboxEntry, Outcome, Role, Store, Task, TaskId } from '@reeve/core';
import type { TaskDesk } from './task-desk.ts';

/** Somebody who asks for something, in the conversation in which they ask. */
export interface Asker {
  readonly role: Role;
  readonly entry: Pick<InboxEntry, 'sender' | 'conversationId' | 'chat'>;
}

/** The owner sees every task; a member those of the conversation in which they ask. */
export function seesTask({ role, entry }: Asker, task: Pick<Task, 'conversationId'>): boolean {
  return role === 'owner' || (role === 'member' && task.conversationId === entry.conversationId);
}

export type ReachableDesk = Pick<TaskDesk, 'cancel' | 'pause' | 'resume' | 'steer' | 'hurry'>;

/**
 * The task desk as far as it reaches for one person: the owner changes every task, a member only those that their own
 * messages started. The same for commands, for the model's tools and for replies to cards. Of a task that they do not
 * see, a member is told that there is none.
 */
export function deskFor(
  deps: { store: Pick<Store, 'tasks' | 'inbox'>; taskDesk: ReachableDesk },
  asker: Asker,
): ReachableDesk {
  const { store, taskDesk } = deps;

  async function guarded(id: TaskId, act: () => Promise<Outcome<Task>>): Promise<Outcome<Task>> {
    if (asker.role === 'owner') return act();
    const task = await store.tasks.get(id);
    if (!task || !seesTask(asker, task))
      return { kind: 'failed', failure: { code: 'task-unknown', about: id } };
    const starter = await store.inbox.senderOf(task.turnId);
    if (starter !== asker.entry.sender.externalId)
      return { kind: 'failed', failure: { code: 'task-not-yours', about: id } };
    return act();
  }

  return {
    cancel: (id, actor) => guarded(id, () => taskDesk.cancel(id, actor)),
    pause: (id, actor) => guarded(id, () => taskDesk.pause(id, actor)),
    resume: (id, actor) => guarded(id, () => taskDesk.resume(id, actor)),
    hurry: (id, actor) => guarded(id, () => taskDesk.hurry(id, actor)),
    steer: (id, text, origin) => guarded(id, () => taskDesk.steer(id, text, origin)),
  };
}
