import { shorten, showHiddenInLine } from '@reeve/core';
import type { Tool } from './tool.ts';

const NAME_CHARACTERS = 60;

/** Asks the owner that a job starts by itself; the coordinator makes the schedule. */
export const createSchedule: Tool<'schedule.create'> = async (
  { when, goal, reason },
  { callId, effects, link },
) => {
  const name = `“${shorten(showHiddenInLine(goal), NAME_CHARACTERS)}”`;
  return effects.perform(
    { callId, tool: 'schedule.create', arguments: { when, goal, reason }, reason },
    { done: `scheduled ${name}`, notDone: `did not schedule ${name}` },
    (permit, attempt) => link.createSchedule({ attempt, callId, permit }),
  );
};
