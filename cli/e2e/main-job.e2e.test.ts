import { describe, expect, it } from 'vitest';
import { eventually, makeEmptyHome, say, startReeve } from '../testing/reeve-process.ts';

const MAIN_JOB = 'Make a CSV of the first 20 primes and tell me their sum';
/** 2 + 3 + … + 71. */
const SUM = '639';

function texts(events: readonly Record<string, unknown>[]): string[] {
  return events.flatMap((event) => (event['kind'] === 'message' ? [String(event['markdown'])] : []));
}

function approvalCode(events: readonly Record<string, unknown>[]): string {
  const card = events.find(
    (event) => event['kind'] === 'card' && String(event['key']).startsWith('approval:'),
  );
  return String(card?.['key']).slice('approval:'.length);
}

describe('the main job, from the command line', () => {
  it('plans, works in a sandbox, proves it, asks before deleting, and remembers across restarts', async () => {
    await using home = await makeEmptyHome();

    const made = await say(home, MAIN_JOB);
    expect(made.stderr).toBe('');
    expect(made.code).toBe(0);
    const result = texts(made.events).find((text) => text.includes('done.'));
    expect(result).toContain(SUM);
    expect(result).toMatch(/Proof: step \d+/);
    expect(made.events.at(-1)).toMatchObject({ kind: 'ended', exitCode: 0, tasks: { 'T-1': 'succeeded' } });

    const denied = await say(home, 'Delete it', 'deny');
    expect(texts(denied.events).join('\n')).toContain('DENIED');
    await using reeve = await startReeve(home);
    const kept = await reeve.call('GET', '/v1/files/T-1/primes.csv');
    expect(kept.status).toBe(200);
    const record = await reeve.call('GET', '/v1/tasks/T-1');
    expect(record.body['sandbox']).toMatchObject({
      launcher: 'bwrap',
      namespaces: expect.arrayContaining(['net']),
    });
    expect(String(kept.body['text']).trim().split('\n')).toContain('20,71');

    const asked = await say(home, 'Delete T-1/primes.csv');
    expect(asked.code).toBe(3);
    const code = approvalCode(asked.events);
    await reeve.kill('SIGKILL');

    await using restarted = await startReeve(home);
    const answer = await restarted.call('POST', `/v1/approvals/${code}/decision`, { decision: 'approve' });
    expect(answer.status).toBe(200);
    await eventually(
      'the deletion',
      async () => (await restarted.call('GET', '/v1/files/T-1/primes.csv')).status === 404,
    );
    const again = await restarted.call('POST', `/v1/approvals/${code}/decision`, { decision: 'approve' });
    expect(again.status).toBe(409);
    expect(again.body['detail']).toContain('already been answered');
  });
});
