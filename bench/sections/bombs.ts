import { setTimeout as delay } from 'node:timers/promises';
import { atMost, type Figure, type Floor, toFigure } from '../figure.ts';
import { measureEventRoundTrip } from '../floors.ts';
import { type House, openHouse, untilStep } from '../house.ts';
import { takeSamples } from '../measure.ts';
import { BOMB_NAMES, type Bomb } from '../model-script.ts';
import { measureOneReply } from './reply.ts';

/** The p99 of a hundred is their second longest: one stall of the machine's disk would make the figure. */
const REPLIES = { warmUp: 5, samples: 300 };
/** The step in which a command begins: its intent. */
const AT_WORK = 2;
/** From a command's beginning to its having spread. */
const SPREAD_MS = 500;

const TITLES: Readonly<Record<Bomb, string>> = {
  fork: 'forks',
  memory: 'memory',
  disk: 'disk',
  files: 'open files',
  output: 'output',
  cpu: 'busy loops',
};

/** How long a person waits for the first words beyond the model's time while a task of the same house runs a bomb. */
export async function measureBombs(level: string): Promise<readonly Figure[]> {
  const floor = await measureEventRoundTrip();
  await using house = await openHouse();
  const title = 'first words over model time, no bomb';
  const quiet = await sampleReplies(house, 9000);
  const figures = [toFigure({ id: 'sandbox.chat', title, unit: 'ms', samples: quiet, floor, note: level })];
  for (const [index, bomb] of BOMB_NAMES.entries())
    figures.push(await measureDuring(house, bomb, index, floor));
  return figures;
}

async function measureDuring(house: House, bomb: Bomb, index: number, floor: Floor): Promise<Figure> {
  const [task = ''] = await house.startTasks(bomb, 1, `bomb-${bomb}`);
  await untilStep(house, task, AT_WORK);
  await delay(SPREAD_MS);
  const samples = await sampleReplies(house, 10_000 + index * 1000);
  const { state, steps } = await house.task(task);
  if (state !== 'running' || steps !== AT_WORK)
    throw new Error(`the ${bomb} bomb did not last as long as the measurement: ${state}, ${steps} steps`);
  await house.cancel(task);
  return toFigure({
    id: `sandbox.chat-${bomb}`,
    title: `first words over model time during a bomb of ${TITLES[bomb]}`,
    unit: 'ms',
    samples,
    floor,
    goals: [atMost('p50', 15), atMost('p99', 100)],
  });
}

function sampleReplies(house: House, firstTag: number): Promise<number[]> {
  return takeSamples(REPLIES, async (reply) => (await measureOneReply(house, firstTag + reply)).draft);
}
