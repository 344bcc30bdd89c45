import { expect, it } from 'vitest';
import { eventually, makeTestHome, type RunningReeve, startReeve } from '../testing/reeve-process.ts';

interface TimelineCard {
  readonly key: string;
  readonly card: {
    readonly blocks: readonly { readonly kind: string; readonly actions?: readonly Button[] }[];
  };
}

interface Button {
  readonly action: { readonly kind: string; readonly card: string; readonly option: string };
}

async function send(reeve: RunningReeve, text: string): Promise<void> {
  const { status } = await reeve.call('POST', '/v1/conversations/main/messages', { text });
  expect(status).toBe(202);
}

/** Taps the button of the open card of this step, as a client does that reads its timeline. */
async function tap(reeve: RunningReeve, step: string, option: string): Promise<void> {
  const button = await eventually(`the card of ${step}`, async () => {
    const { body } = await reeve.call('GET', '/v1/conversations/main/timeline');
    const events = (body['items'] as { event: TimelineCard }[]).map(({ event }) => event);
    const cards = events.filter(({ key }) => key?.startsWith('tour:') && key.endsWith(`:${step}`));
    return cards
      .at(-1)
      ?.card.blocks.flatMap(({ actions = [] }) => actions)
      .find(({ action }) => action.option === option);
  });
  const { card } = button.action;
  expect((await reeve.call('POST', '/v1/choices', { card, option })).status).toBe(200);
}

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
  expect(question).toMatchObject({ tool: 'files.put', task: 'T-2' });
  const before = (await reeve.call('GET', '/v1/files/uploads/tour.txt')).body['text'];
  expect(before).toContain('belongs to the tour');
  await reeve.call('POST', `/v1/approvals/${question?.code}/decision`, { decision: 'approve' });
  await eventually('the new line', async () => {
    const { body } = await reeve.call('GET', '/v1/files/uploads/tour.txt');
    return String(body['text']).includes('This line was written after you said yes.');
  });
  await eventually('the end of the tour', async () => {
    const { body } = await reeve.call('GET', '/v1/conversations/main/timeline');
    return JSON.stringify(body).includes('That was the tour. What else there is:');
  });
  const { body } = await reeve.call('GET', '/v1/config');
  expect(body['settings']).toContainEqual(
    expect.objectContaining({ name: 'tone', value: 'brief', source: 'owner' }),
  );
  await reeve.kill('SIGTERM');
});
