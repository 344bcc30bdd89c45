import { setTimeout as delay } from 'node:timers/promises';
import { describeSandbox } from '@reeve/core';
import { atMost, type Figure, type Floor, toFigure } from '../figure.ts';
import { measureBwrapStart, measureNodeStart, measureTrueStart } from '../floors.ts';
import { takeSamples } from '../measure.ts';
import { openPairs, type Pairs } from '../pairs.ts';
import { executorHalfOf, listProcessTree, readProportionalMemory } from '../processes.ts';
import { measureBombs } from './bombs.ts';

const STARTS = { warmUp: 2, samples: 10 };
const COMMANDS = 60;
const WARM_UP_COMMANDS = 10;
const MEMORY_PAIRS = 5;
/** Goals of a task’s start over the bare process start: what a pair may take of them. */
const COLD_GOAL_MS = 75;
const WARM_GOAL_MS = 10;
/** From a pair's being there to its both halves' having settled. */
const SETTLE_MS = 700;

/** What a sandbox costs to start, to use and to keep, and what its bombs do to whoever chats. */
export async function measureSandbox(): Promise<readonly Figure[]> {
  const bwrap = await measureBwrapStart();
  if (bwrap === null) throw new Error('bubblewrap is not installed, so there is no sandbox to measure');
  const node = await measureNodeStart();
  const own = await measureTrueStart();
  const figures: Figure[] = [];
  let note: string;
  {
    await using pairs = await openPairs();
    note = `the sandbox: ${describeSandbox(pairs.level)}`;
    figures.push(...(await measureCold(pairs, floorOfStart(bwrap, node), note)));
    figures.push(...(await measureCommands(pairs, own)));
    figures.push(...(await measurePairMemory(pairs)));
  }
  return [...figures, ...(await measureBombs(note))];
}

/** Walls and a Node within, one after the other. */
function floorOfStart(bwrap: Floor, node: Floor): Floor {
  const samples = bwrap.samples.map((sample, index) => sample + (node.samples[index] ?? 0));
  return { title: 'bare bwrap + bare node start', samples };
}

/** A pair that gets its task as soon as it asks. */
async function measureCold(pairs: Pairs, floor: Floor, note: string): Promise<Figure[]> {
  const firstSteps: number[] = [];
  const firstCommands = await takeSamples(STARTS, async (index) => {
    // The walls of the next pair are built meanwhile.
    await delay(SETTLE_MS);
    const { toFirstStep, toFirstCommand } = await startOne(pairs);
    if (index >= STARTS.warmUp) firstSteps.push(toFirstStep);
    return toFirstCommand;
  });
  const inARow = await takeSamples(STARTS, async () => (await startOne(pairs)).toFirstStep);
  return [
    toFigure({
      id: 'sandbox.cold',
      title: 'launch to the pair’s first step',
      unit: 'ms',
      samples: firstSteps,
      floor,
      goals: [atMost('p50 over floor', COLD_GOAL_MS)],
      note: `two processes behind two walls; its model answers at once; ${note}`,
    }),
    toFigure({
      id: 'sandbox.cold-command',
      title: 'launch to its first command’s having run',
      unit: 'ms',
      samples: firstCommands,
      floor,
    }),
    toFigure({
      id: 'sandbox.cold-in-a-row',
      title: 'the first of them, right after another launch',
      unit: 'ms',
      samples: inARow,
      floor,
      goals: [atMost('p50 over floor', COLD_GOAL_MS)],
      note: 'no walls were built ahead',
    }),
  ];
}

async function startOne(pairs: Pairs): Promise<{ toFirstStep: number; toFirstCommand: number }> {
  const startedAt = performance.now();
  const { executor, asking } = await pairs.launch();
  const { steppedAt, commands } = await asking.give(['true']);
  await executor.kill();
  return {
    toFirstStep: steppedAt - startedAt,
    toFirstCommand: (commands[0]?.endedAt ?? Number.NaN) - startedAt,
  };
}

/** The first command of a pair that stood ready, and those after it. */
async function measureCommands(pairs: Pairs, floor: Floor): Promise<Figure[]> {
  const later: number[] = [];
  const firstSteps: number[] = [];
  const firstCommands = await takeSamples(STARTS, async (index) => {
    const { executor, asking } = await pairs.launch();
    await delay(SETTLE_MS);
    const isLast = index === STARTS.warmUp + STARTS.samples - 1;
    const boundAt = performance.now();
    const count = isLast ? 1 + WARM_UP_COMMANDS + COMMANDS : 1;
    const { steppedAt, commands } = await asking.give(
      Array.from({ length: count }, (_, number) => `true ${number}`),
    );
    await executor.kill();
    for (const run of commands.slice(1 + WARM_UP_COMMANDS)) later.push(run.endedAt - run.allowedAt);
    if (index >= STARTS.warmUp) firstSteps.push(steppedAt - boundAt);
    return (commands[0]?.endedAt ?? Number.NaN) - boundAt;
  });
  const common = { unit: 'ms', floor };
  return [
    toFigure({
      ...common,
      id: 'sandbox.warm',
      title: 'task bound to the pair’s first step, warm',
      samples: firstSteps,
      goals: [atMost('p50 over floor', WARM_GOAL_MS)],
      note: 'the link’s own work is left out',
    }),
    toFigure({
      ...common,
      id: 'sandbox.warm-command',
      title: 'task bound to its first command’s having run, warm',
      samples: firstCommands,
    }),
    toFigure({ ...common, id: 'sandbox.command', title: 'shell.run true in a warm pair', samples: later }),
  ];
}

/** Each half's own memory and what the walls add, of pairs that stand ready; all at once, as a pool keeps them. */
async function measurePairMemory(pairs: Pairs): Promise<Figure[]> {
  const launched = [];
  for (let index = 0; index < MEMORY_PAIRS; index += 1) launched.push((await pairs.launch()).executor);
  await delay(SETTLE_MS);
  const memory = { loop: [] as number[], shim: [] as number[], walls: [] as number[] };
  let unread = 0;
  for (const living of await listProcessTree(process.pid)) {
    if (living.pid === process.pid || !isOfPair(living.commandLine)) continue;
    const megabytes = await readProportionalMemory(living.pid);
    if (megabytes === null) unread += 1;
    else memory[executorHalfOf(living) ?? 'walls'].push(megabytes);
  }
  await Promise.all(launched.map((executor) => executor.kill()));
  const walls = memory.walls.reduce((sum, part) => sum + part, 0) / MEMORY_PAIRS;
  const totals = memory.loop.map((loop, index) => loop + (memory.shim[index] ?? Number.NaN) + walls);
  const note = `PSS of ${MEMORY_PAIRS} pairs at once, which share what they can, also with every other Node here${unread > 0 ? `; ${unread} processes of the walls may not be read` : ''}`;
  return [
    toFigure({ id: 'sandbox.memory', title: 'memory of a pair', unit: 'MB', samples: totals, note }),
    toFigure({ id: 'sandbox.memory-loop', title: 'its loop', unit: 'MB', samples: memory.loop }),
    toFigure({ id: 'sandbox.memory-shim', title: 'its shim', unit: 'MB', samples: memory.shim }),
    toFigure({ id: 'sandbox.memory-walls', title: 'its walls', unit: 'MB', samples: [walls] }),
  ];
}

function isOfPair(commandLine: string): boolean {
  return / \/app\/(loop|shim)\.mjs/.test(commandLine);
}
