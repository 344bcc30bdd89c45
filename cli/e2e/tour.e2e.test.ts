import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { makePdf } from '@reeve/core/testing';
import { expect, it } from 'vitest';
import { eventually, makeTestHome, type RunningReeve, startReeve } from '../testing/reeve-process.ts';
import { buttonOf, send, tap, timelineOf } from '../testing/tour.ts';

it('the tour ends in a real result and a real question, over a kill -9, with the rehearsal model', async () => {
  await using home = await makeTestHome();
  {
    await using reeve = await startReeve(home);
    await send(reeve, '/start');
    await tap(reeve, 'time-zone', 'yes');
    await tap(reeve, 'tone', 'brief');
    await reeve.kill('SIGKILL');
  }
  await using reeve = await startReeve(home);
  await tap(reeve, 'quiet-hours', '22:00-07:00');
  await tap(reeve, 'first-job', 'primes');
  await eventually(
    'the result',
    async () => (await reeve.call('GET', '/v1/tasks/T-1')).body['state'] === 'succeeded',
  );
  expect((await reeve.call('GET', '/v1/files/T-1/primes.csv')).status).toBe(200);
  await tap(reeve, 'question', 'ask');
  const [question] = await eventually('the question', async () => {
    const { body } = await reeve.call('GET', '/v1/approvals');
    const approvals = body['approvals'] as { code: string; tool: string; task: string }[];
    return approvals.length > 0 && approvals;
  });
  expect(question).toMatchObject({ tool: 'schedule.create', task: 'T-2' });
  expect((await reeve.call('GET', '/v1/schedules')).body).toEqual({ schedules: [] });
  await reeve.call('POST', `/v1/approvals/${question?.code}/decision`, { decision: 'approve' });
  await eventually('the end of the tour', async () => {
    const { body } = await reeve.call('GET', '/v1/conversations/main/timeline');
    const said = JSON.stringify(body);
    return said.includes('That was the tour. What else there is:') && said.includes('/schedule remove S-1');
  });
  expect((await reeve.call('GET', '/v1/schedules')).body).toMatchObject({
    schedules: [
      {
        id: 'S-1',
        when: 'every Monday at 09:00, UTC',
        goal: 'Make a CSV of the first 20 primes and tell me their sum',
        askedBy: 'T-2',
      },
    ],
  });
  const { body } = await reeve.call('GET', '/v1/config');
  expect(body['settings']).toContainEqual(
    expect.objectContaining({ name: 'tone', value: 'brief', source: 'owner' }),
  );
  await reeve.kill('SIGTERM');
});

const PDF = makePdf({
  title: 'Accounts of the manor',
  pages: ['Rents rose in May. Three farms paid late.', 'The mill needs a new wheel.'],
});

async function upload(reeve: RunningReeve, home: string, name: string, content: Buffer): Promise<string> {
  const token = (await readFile(path.join(home, 'keys', 'api-token'), 'utf8')).trim();
  const response = await fetch(new URL(`/v1/uploads?name=${encodeURIComponent(name)}`, reeve.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(content),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { path: string }).path;
}

async function skipTo(reeve: RunningReeve, step: string): Promise<void> {
  for (const each of ['time-zone', 'tone', 'quiet-hours', 'first-job', 'question', 'answer']) {
    if (each === step) return;
    await tap(reeve, each, 'skip');
  }
}

it('what is denied on the tour is not scheduled, which its last words say', async () => {
  await using home = await makeTestHome();
  await using reeve = await startReeve(home);
  await send(reeve, '/start');
  await skipTo(reeve, 'question');
  await tap(reeve, 'question', 'ask');
  const question = await eventually('the question', async () => {
    const { body } = await reeve.call('GET', '/v1/approvals');
    return (body['approvals'] as { code: string }[])[0];
  });
  await reeve.call('POST', `/v1/approvals/${question.code}/decision`, { decision: 'deny' });
  await eventually('the last words', async () =>
    JSON.stringify(await timelineOf(reeve)).includes('begins the tour anew.\\n\\nNothing was scheduled.'),
  );
  expect((await reeve.call('GET', '/v1/schedules')).body).toEqual({ schedules: [] });
  await reeve.kill('SIGTERM');
});

it('a PDF that is sent at its step is the first job, over a kill -9 while it is read', async () => {
  await using home = await makeTestHome();
  {
    await using reeve = await startReeve(home);
    await send(reeve, '/start');
    await skipTo(reeve, 'first-job');
    const file = await upload(reeve, home.path, 'the accounts.pdf', PDF);
    await send(reeve, '', [file]);
    await reeve.kill('SIGKILL');
  }
  await using reeve = await startReeve(home);
  await buttonOf(reeve, 'question', 'ask');
  const { body } = await reeve.call('GET', '/v1/tasks/T-1');
  expect(body).toMatchObject({ state: 'succeeded', title: 'Read the accounts.pdf' });
  const said = JSON.stringify(await timelineOf(reeve));
  expect(said).toContain('titled “Accounts of the manor”: 2 pages, 14 words');
  expect(said).toContain('Rents rose in May. Three farms paid late.');
  expect((await reeve.call('GET', '/v1/tasks/T-2')).status).toBe(404);
  await reeve.kill('SIGTERM');
});

it('/start twice is safe, every step can be skipped, and at the end stands the menu of connections', async () => {
  await using home = await makeTestHome();
  await using reeve = await startReeve(home);
  await send(reeve, '/start');
  await tap(reeve, 'time-zone', 'skip');
  await send(reeve, '/start');
  await eventually('the open step once more', async () =>
    JSON.stringify(await timelineOf(reeve)).includes('We go on where we were.'),
  );
  for (const step of ['tone', 'quiet-hours', 'first-job', 'question']) await tap(reeve, step, 'skip');
  const menu = await eventually('the menu', async () =>
    (await timelineOf(reeve)).find(({ key }) => key?.startsWith('connect:')),
  );
  expect(JSON.stringify(menu.card)).toContain('"value":"not yet: a stand-in answers"');
  const choice = { card: menu.key, option: 'model' };
  expect((await reeve.call('POST', '/v1/choices', choice)).status).toBe(200);
  await eventually('how to connect a model', async () =>
    (await timelineOf(reeve)).some(({ card }) => JSON.stringify(card ?? '').includes('OPENROUTER_API_KEY')),
  );
  expect((await reeve.call('GET', '/v1/tasks/T-1')).status).toBe(404);
  await reeve.kill('SIGTERM');
});
