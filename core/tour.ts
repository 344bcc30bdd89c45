import { z } from 'zod';
import type { TaskId } from './ids.ts';

/** The stations of the first two minutes, in order. `result` and `answer` wait for the task that the one before started. */
export const TOUR_STEPS = [
  'time-zone',
  'tone',
  'quiet-hours',
  'first-job',
  'result',
  'question',
  'answer',
] as const;
export type TourStep = (typeof TOUR_STEPS)[number];
export const tourStepSchema = z.enum(TOUR_STEPS);

/** How far somebody has come on the tour; one for each person. */
export interface Tour {
  readonly channel: string;
  /** The channel's id of the person. */
  readonly person: string;
  readonly conversationId: string;
  /** The message that began it or showed it again; what it starts replies to that. */
  readonly entry: string;
  /** What is asked now; null once it is over. */
  readonly step: TourStep | null;
  /** The task whose end it waits for; null while it waits for a person. */
  readonly task: TaskId | null;
  /** What the first job became, which the tour offers to do again; null when none was started. */
  readonly firstTask: TaskId | null;
  readonly at: Date;
}

export interface TourRecords {
  get(channel: string, person: string): Promise<Tour | null>;
  /** Begins a tour, or puts the person's tour where this one says. */
  put(tour: Tour): Promise<void>;
  /** Goes on from a step, to wait for no task; false when the tour is not there any more. */
  advance(tour: Tour, to: TourStep | null, at: Date): Promise<boolean>;
  /** Tours that wait for a task's end. */
  waiting(): Promise<Tour[]>;
}
