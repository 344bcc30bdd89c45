import { makeTestHome, startReeve } from 'reeve/testing';
import { atMost, type Figure, type Floor, type Goal, toFigure } from '../figure.ts';
import { measureNodeStart } from '../floors.ts';
import { takeSamples } from '../measure.ts';
import type { SectionDeps } from '../section.ts';
import { SERVER_NOTE } from '../servers.ts';

const PLAN = { warmUp: 1, samples: 5 };

/** From spawning `reeve up` on an existing home to its first answer at /healthz. */
export async function measureStart({ servers }: SectionDeps): Promise<readonly Figure[]> {
  const floor = await measureNodeStart();
  const figures = [await measure('embedded', {}, floor, [atMost('p50', 4000)])];
  const fresh = await servers.fresh();
  if (fresh) figures.push(await measure('server', fresh.settings, floor, [atMost('p50', 400)], SERVER_NOTE));
  return figures;
}

async function measure(
  id: string,
  settings: Readonly<Record<string, string>>,
  floor: Floor,
  goals: readonly Goal[],
  note?: string,
): Promise<Figure> {
  await using home = await makeTestHome();
  const samples = await takeSamples(PLAN, async () => {
    const startedAt = performance.now();
    await using reeve = await startReeve(home, { REEVE_LOG_LEVEL: 'info', ...settings });
    await reeve.call('GET', '/healthz');
    return performance.now() - startedAt;
  });
  return toFigure({
    id: `start.${id}`,
    title: `spawn to answering, ${id === 'server' ? 'on servers' : 'embedded Postgres'}`,
    unit: 'ms',
    samples,
    floor,
    goals,
    ...(note === undefined ? {} : { note }),
  });
}
