import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type AppendRequest, type StepBody, signToken, taskIdStrictSchema } from '@reeve/core';
import type { SqlPool } from '@reeve/postgres';
import { openFreshDatabase } from '@reeve/postgres/testing';
import { atMost, type Figure, type Floor, type Goal, toFigure } from '../figure.ts';
import { openFloorLink } from '../floors.ts';
import { openHouse, untilStep } from '../house.ts';
import { createLoopback } from '../loopback.ts';
import { takeSamples, timed } from '../measure.ts';
import type { SectionDeps } from '../section.ts';
import { SERVER_NOTE } from '../servers.ts';

const PLAN = { warmUp: 50, samples: 400 };
/** The model's answer and the intent of the command that then runs. */
const STEPS_BEFORE = 2;
const TOKEN_SECONDS = 600;

const BODY: StepBody = {
  kind: 'result',
  callId: 'bench',
  tool: 'shell.run',
  ok: true,
  content: 'x'.repeat(300),
  activity: 'took a step',
  durationMs: 1,
};

/**
 * One durable step over the task link of a real Reeve: token, fence, write, answer. The executor that holds the task
 * sleeps in a command and keeps the lease; the bench appends in its place.
 */
export async function measureStep({ servers }: SectionDeps): Promise<readonly Figure[]> {
  const embeddedFloor = await measureFloor(await openFreshDatabase());
  const embedded = await measure('embedded', {}, embeddedFloor, [], 'PGlite in its worker thread');
  const fresh = await servers.fresh();
  if (!fresh) return [embedded];
  const floor = await measureFloor(fresh.openPool());
  return [embedded, await measure('server', fresh.settings, floor, [atMost('p50', 0.8)], SERVER_NOTE)];
}

async function measure(
  id: string,
  settings: Readonly<Record<string, string>>,
  floor: Floor,
  goals: readonly Goal[],
  note: string,
): Promise<Figure> {
  await using house = await openHouse(settings);
  const [task = ''] = await house.startTasks('hold', 1, 'holding');
  const { attempt } = await untilStep(house, task, STEPS_BEFORE);
  const key = await readFile(path.join(house.home.path, 'keys', 'token-key'), 'utf8');
  const runtimeDirectory = await readFile(path.join(house.home.path, 'runtime-directory'), 'utf8');
  const expires = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  const token = signToken(
    { role: 'task', task: taskIdStrictSchema.parse(task), attempt, capabilities: [], expires },
    Buffer.from(key.trim(), 'base64url'),
  );
  using link = createLoopback({ socketPath: path.join(runtimeDirectory, 'link.sock') }, token);
  const samples = await takeSamples(PLAN, (index) => {
    const request: AppendRequest = { attempt, seq: STEPS_BEFORE + index + 1, body: BODY };
    const body = JSON.stringify(request);
    return timed(async () => {
      const { status, text } = await link.send('POST', '/append', body);
      if (status !== 200) throw new Error(`the link answered ${status}: ${text}`);
    });
  });
  await house.cancel(task);
  return toFigure({
    id: `step.${id}`,
    title: `durable step over the task link, ${id === 'server' ? 'real Postgres' : 'embedded Postgres'}`,
    unit: 'ms',
    samples,
    floor,
    goals,
    note,
  });
}

/** One insert of the same bytes into a table with a like key, and an empty round trip. Closes the pool. */
async function measureFloor(pool: SqlPool): Promise<Floor> {
  await pool.query(
    'create table floor_steps (seq integer primary key, at timestamptz not null, body json not null)',
  );
  const body = JSON.stringify(BODY);
  await using link = await openFloorLink();
  const samples = await takeSamples(PLAN, (index) =>
    timed(async () => {
      await pool.query('insert into floor_steps values ($1, $2, $3)', [index, new Date(), body]);
      await link.roundTrip();
    }),
  );
  await pool.close();
  return { title: 'one insert + empty round trip', samples };
}
