import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from 'reeve/testing';
import { atMost, type Figure, type Floor, type Goal, toFigure } from '../figure.ts';
import { measureBwrapStart, measureNodeStart } from '../floors.ts';
import { type House, openHouse } from '../house.ts';
import { takeSamples } from '../measure.ts';
import { goalText } from '../model-script.ts';
import { executorHalfOf, listProcessTree } from '../processes.ts';

const PLAN = { warmUp: 2, samples: 12 };
/**
 * From a warm executor's being there to its waiting at the task link, also on a busy machine; as long a cold start is
 * apart from the last one, so that nothing of that is still under way.
 */
const SETTLE_MS = 700;

/** From a task's row to its executor's first recorded step, with an executor started ahead and without. */
export async function measureTaskStart(): Promise<readonly Figure[]> {
  const node = await measureNodeStart();
  const bwrap = await measureBwrapStart();
  const warm = await measure('warm', node, [atMost('p50 over floor', 10)]);
  const cold = await measure('cold', node, [atMost('p50 over floor', 75)]);
  const walls =
    bwrap &&
    toFigure({ ...bwrap, id: 'task-start.bwrap', title: 'bare bwrap start, for comparison', unit: 'ms' });
  return [warm, cold, ...(walls ? [walls] : [])];
}

async function measure(state: 'warm' | 'cold', floor: Floor, goals: readonly Goal[]): Promise<Figure> {
  await using house = await openHouse({ REEVE_WARM_EXECUTORS: state === 'warm' ? '1' : '0' });
  const samples = await takeSamples(PLAN, async (index) => {
    await untilQuiet(house, state);
    const tag = `${state}-${index}`;
    const result = house.events.next(
      'the result',
      (event) => event.kind === 'message' && event.conversation === tag && event.about.kind === 'task-result',
    );
    const [id = ''] = await house.startTasks('finish', 1, tag);
    await result;
    const { createdAt, stepList } = await house.task(id);
    const { requestedAt, endedAt } = house.model.exchange(`${goalText('finish', tag, 0)} #0`);
    return Date.parse(stepList[0]?.at ?? '') - Date.parse(createdAt) - (endedAt - requestedAt);
  });
  return toFigure({
    id: `task-start.${state}`,
    title: `task accepted to its first step, ${state}, without the model`,
    unit: 'ms',
    samples,
    floor,
    goals,
    note: 'from times that Reeve recorded, to 1 ms',
  });
}

/** Waits until one executor stands ready, or until none is left. */
async function untilQuiet(house: House, state: 'warm' | 'cold'): Promise<void> {
  const wanted = state === 'warm' ? 1 : 0;
  await eventually(`${wanted} executors`, async () => {
    const processes = await listProcessTree(house.reeve.pid);
    return processes.filter((living) => executorHalfOf(living) === 'loop').length === wanted;
  });
  await delay(SETTLE_MS);
}
