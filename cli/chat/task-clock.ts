import type { TaskState } from '@reeve/core';
import type { ApiClient } from './api-client.ts';
import { ApiProblem, ApiUnreachable } from './api-error.ts';

/** Knows how long tasks have been going, between the changes of their cards. */
export interface TaskClock {
  /** Takes note of a live task's state; asks Reeve when it began, unless that is known. */
  note(task: string, state: TaskState): void;
  /** Such as `1 min 5 s`, now; null for a task that rests or of which the beginning is not known. */
  elapsed(task: string): string | null;
}

/** For views that are not drawn again by themselves. */
export const STOPPED_CLOCK: TaskClock = { note: () => undefined, elapsed: () => null };

interface Known {
  readonly state: TaskState;
  /** Milliseconds since the epoch; null while it is being asked for. */
  readonly since: number | null;
}

export function createTaskClock(deps: {
  readonly client: Pick<ApiClient, 'getTask'>;
  readonly now: () => Date;
}): TaskClock {
  const tasks = new Map<string, Known>();

  async function ask(task: string): Promise<void> {
    try {
      const { startedAt, createdAt } = await deps.client.getTask(task);
      const known = tasks.get(task);
      if (known) tasks.set(task, { ...known, since: Date.parse(startedAt ?? createdAt) });
    } catch (error) {
      if (!(error instanceof ApiProblem || error instanceof ApiUnreachable)) throw error;
      // The card's own text stays; the next card asks again.
      tasks.delete(task);
    }
  }

  return {
    note(task, state) {
      const known = tasks.get(task);
      // What was queued counts from its start once it runs.
      const isKnown = known !== undefined && !(known.state === 'queued' && state !== 'queued');
      tasks.set(task, { state, since: known?.since ?? null });
      if (!isKnown) void ask(task);
    },
    elapsed(task) {
      const known = tasks.get(task);
      if (!known || known.since === null || known.state === 'paused') return null;
      return spanText(deps.now().getTime() - known.since);
    },
  };
}

const SPAN_AT_END = / · \d+ (?:s|min|h)(?: \d+ (?:s|min))?$/;

/** A card's title with the time at its end brought up to date; as it is when it ends in no time. */
export function withElapsed(title: string, elapsed: string | null): string {
  return elapsed === null ? title : title.replace(SPAN_AT_END, ` · ${elapsed}`);
}

/** As cards say it: `4 s`, `1 min 5 s`, `2 h 3 min`. */
function spanText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0
    ? `${Math.floor(minutes / 60)} h`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
