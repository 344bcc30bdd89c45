import type { TaskId } from '@reeve/core';

/** Counts what runs at once, for each task and in all. */
export interface Slots {
  /** A slot to be given back by calling it once; null when the task, or everybody together, has as many as there are. */
  take(task: TaskId): (() => void) | null;
}

export function createSlots(limits: { readonly perTask: number; readonly all: number }): Slots {
  const held = new Map<TaskId, number>();
  let all = 0;
  return {
    take(task) {
      const own = held.get(task) ?? 0;
      if (own >= limits.perTask || all >= limits.all) return null;
      held.set(task, own + 1);
      all += 1;
      return () => {
        const rest = (held.get(task) ?? 1) - 1;
        if (rest === 0) held.delete(task);
        else held.set(task, rest);
        all -= 1;
      };
    },
  };
}
