import { createScheduleDesk, type ScheduleDesk } from './schedule-desk.ts';
import { createScheduleRuns, type RunDeps, type ScheduleRuns } from './schedule-runs.ts';

/** Jobs that start by themselves: making and changing them, and running those that are due. */
export type ScheduleRoom = ScheduleDesk & ScheduleRuns;

export function createScheduleRoom(deps: RunDeps): ScheduleRoom {
  return { ...createScheduleDesk(deps), ...createScheduleRuns(deps) };
}
