import { expect, it } from 'vitest';
import { eventually, makeTestHome, type RunningReeve, say, startReeve } from '../testing/reeve-process.ts';

interface Run {
  readonly id: string;
  readonly state: string;
  readonly title: string;
  readonly origin: { readonly kind: string };
}

async function tasksOf(reeve: RunningReeve): Promise<Run[]> {
  return (await reeve.call('GET', '/v1/tasks')).body['tasks'] as never;
}

async function schedulesOf(reeve: RunningReeve): Promise<Record<string, unknown>[]> {
  return (await reeve.call('GET', '/v1/schedules')).body['schedules'] as never;
}

async function answersTo(home: Parameters<typeof say>[0], text: string): Promise<string> {
  const { events } = await say(home, text);
  return events
    .flatMap((event) => (event['kind'] === 'message' ? [String(event['markdown'])] : []))
    .join('\n');
}

it('what was typed runs once, over a kill -9 before its time and another after it', async () => {
  await using home = await makeTestHome();
  {
    await using reeve = await startReeve(home);
    expect(await answersTo(home, '/schedule in 3 seconds: run echo hello')).toContain(
      '**S-1** is scheduled: once, ',
    );
    expect(await schedulesOf(reeve)).toMatchObject([{ id: 'S-1', state: 'active', goal: 'run echo hello' }]);
    await reeve.kill('SIGKILL');
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));
  {
    await using reeve = await startReeve(home);
    await eventually('its run', async () => (await tasksOf(reeve)).length > 0);
    await reeve.kill('SIGKILL');
  }
  await using reeve = await startReeve(home);
  const done = await eventually('its end', async () =>
    (await tasksOf(reeve)).find(({ state }) => state === 'succeeded'),
  );
  expect(done).toMatchObject({ id: 'T-1', title: 'run echo hello (S-1)', origin: { kind: 'schedule' } });
  expect(await tasksOf(reeve)).toHaveLength(1);
  expect(await schedulesOf(reeve)).toEqual([]);
  expect(await answersTo(home, '/why T-1')).toContain('**S-1** “run echo hello” began it: once, ');
  await reeve.kill('SIGTERM');
});

it('what was said becomes a question, and a yes a schedule that works', async () => {
  await using home = await makeTestHome();
  await using reeve = await startReeve(home);
  const text = 'Every Monday at 09:00: make a CSV of the first 20 primes and tell me their sum';
  await reeve.call('POST', '/v1/conversations/main/messages', { text });
  const question = await eventually('the question', async () => {
    const { body } = await reeve.call('GET', '/v1/approvals');
    return (body['approvals'] as { code: string; tool: string }[])[0];
  });
  expect(question.tool).toBe('schedule.create');
  expect(await schedulesOf(reeve)).toEqual([]);
  await reeve.call('POST', `/v1/approvals/${question.code}/decision`, { decision: 'approve' });
  const [schedule] = await eventually('the schedule', async () => {
    const all = await schedulesOf(reeve);
    return all.length > 0 && all;
  });
  expect(schedule).toMatchObject({
    id: 'S-1',
    when: 'every Monday at 09:00, UTC',
    goal: 'make a CSV of the first 20 primes and tell me their sum',
    askedBy: 'T-1',
  });
  expect(await answersTo(home, '/status')).toMatch(
    /Next scheduled .*\n- \*\*S-1\*\* make a CSV of .* · Mon /,
  );
  expect(await answersTo(home, '/schedule run S-1')).toContain('S-1 starts now');
  const run = await eventually('its run', async () =>
    (await tasksOf(reeve)).find(({ id, state }) => id === 'T-2' && state === 'succeeded'),
  );
  expect(run.origin).toEqual({ kind: 'schedule', schedule: 'S-1' });
  expect(String((await reeve.call('GET', '/v1/files/T-2/primes.csv')).body['text'])).toContain('71');
  expect(await answersTo(home, '/schedule remove S-1')).toContain('S-1 has ended');
  expect(await schedulesOf(reeve)).toEqual([]);
  await reeve.kill('SIGTERM');
});
