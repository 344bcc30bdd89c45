import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { atMost, type Figure, type Floor, toFigure } from '../figure.ts';
import { type House, openHouse } from '../house.ts';
import { executorHalfOf, type LivingProcess, listProcessTree, readProportionalMemory } from '../processes.ts';
import type { SectionDeps } from '../section.ts';

/** What a process of a Reeve is for. */
type Part = 'main' | 'loop' | 'shim' | 'walls';

const TITLES: Readonly<Record<Part, string>> = {
  main: 'coordinator, gateway and local API',
  loop: 'warm executor: its loop',
  shim: 'warm executor: its sandbox shim',
  walls: 'bubblewrap and its helpers',
};
const NOTE =
  'PSS: what is shared is split among all that share it, every other Node on this machine included; five readings of one run; database servers are not counted, nor what this user may not read';
const SETTLE_MS = 4000;
const READINGS = 5;
const BETWEEN_MS = 400;
/** A whole tenant, without the database servers, which it may share. */
const TENANT_MB = 90;

/** Proportional memory of each process of a Reeve that has answered once and then idles with one warm executor. */
export async function measureMemory({ servers }: SectionDeps): Promise<readonly Figure[]> {
  const floor = await bareNodeMemory();
  const figures: Figure[] = [];
  {
    await using house = await openHouse();
    figures.push(...(await measureHouse(house, 'embedded', floor)));
  }
  const fresh = await servers.fresh();
  if (fresh) {
    await using house = await openHouse(fresh.settings);
    figures.push(...(await measureHouse(house, 'server', floor)));
  }
  return figures;
}

async function measureHouse(house: House, id: 'embedded' | 'server', floor: Floor): Promise<Figure[]> {
  await delay(SETTLE_MS);
  const readings: Reading[] = [];
  for (let reading = 0; reading < READINGS; reading += 1) {
    readings.push(await readMemory(house.reeve.pid));
    await delay(BETWEEN_MS);
  }
  const where = id === 'embedded' ? ', embedded Postgres within' : ', on servers';
  const parts = (['main', 'loop', 'shim', 'walls'] as const).flatMap((part) => {
    const samples = readings.flatMap((reading) => reading.get(part) ?? []);
    const title = `${TITLES[part]}${part === 'main' ? where : ''}`;
    return samples.length === 0
      ? []
      : [toFigure({ id: `memory.${id}-${part}`, title, unit: 'MB', samples, floor })];
  });
  const totals = readings.map((reading) => [...reading.values()].reduce((sum, part) => sum + part, 0));
  const total = toFigure({
    id: `memory.${id}-total`,
    title: `idle tenant, all its processes${where}`,
    unit: 'MB',
    samples: totals,
    floor,
    ...(id === 'server' ? { goals: [atMost('p50', TENANT_MB)] } : {}),
    note: NOTE,
  });
  return [...parts, total];
}

type Reading = ReadonlyMap<Part, number>;

async function readMemory(root: number): Promise<Reading> {
  const reading = new Map<Part, number>();
  for (const living of await listProcessTree(root)) {
    const megabytes = await readProportionalMemory(living.pid);
    if (megabytes === null) continue;
    const part = partOf(living, root);
    reading.set(part, (reading.get(part) ?? 0) + megabytes);
  }
  return reading;
}

function partOf(living: LivingProcess, root: number): Part {
  return living.pid === root ? 'main' : (executorHalfOf(living) ?? 'walls');
}

async function bareNodeMemory(): Promise<Floor> {
  const samples: number[] = [];
  for (let index = 0; index < READINGS; index += 1) {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9); console.log()'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    samples.push((await readProportionalMemory(child.pid ?? 0)) ?? 0);
    const closed = once(child, 'close');
    child.kill();
    await closed;
  }
  return { title: 'bare node', samples };
}
