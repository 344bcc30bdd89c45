import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  eventually,
  makeTestHome,
  type RunningReeve,
  runReeve,
  startReeve,
} from '../testing/reeve-process.ts';

async function tasksOf(
  reeve: RunningReeve,
): Promise<{ id: string; state: string; attempt: number; outcome: { summary: string } | null }[]> {
  return (await reeve.call('GET', '/v1/tasks')).body['tasks'] as never;
}

async function messagesOf(reeve: RunningReeve): Promise<{ role: string; text: string }[]> {
  return (await reeve.call('GET', '/v1/conversations/main/messages?limit=200')).body['messages'] as never;
}

describe('kill -9', () => {
  it('in mid-task loses nothing and does nothing twice', async () => {
    await using home = await makeTestHome();
    {
      await using reeve = await startReeve(home);
      await reeve.call('POST', '/v1/conversations/main/messages', {
        text: 'work 4 seconds, then write hello to notes.txt',
      });
      await eventually('a step of the task', async () => {
        const { status, body } = await reeve.call('GET', '/v1/tasks/T-1');
        return status === 200 && Number(body['steps']) >= 3;
      });
      await reeve.kill('SIGKILL');
    }
    await using again = await startReeve(home);
    const ended = await eventually('the task’s end', async () =>
      (await tasksOf(again)).find((task) => task.state === 'succeeded'),
    );
    expect(ended.attempt).toBeGreaterThanOrEqual(2);
    const messages = await messagesOf(again);
    expect(
      messages.filter((message) => message.role === 'event' && message.text.includes('T-1')),
    ).toHaveLength(1);
    expect(await tasksOf(again)).toHaveLength(1);
  });

  it('at any moment after a message was accepted still gets it answered once', async () => {
    await using home = await makeTestHome();
    // Two kills: a message that is being handled at every one of three kills counts as poison and is set aside.
    for (const [round, pause] of [20, 300].entries()) {
      await using reeve = await startReeve(home);
      for (const [index, conversation] of ['main', 'other'].entries()) {
        const accepted = await reeve.call('POST', `/v1/conversations/${conversation}/messages`, {
          text: `what is ${round}${index}0 + 1?`,
          clientId: `message-${round}${index}`,
        });
        expect(accepted.status).toBe(202);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      await reeve.kill('SIGKILL');
    }
    await using reeve = await startReeve(home);
    // What came close together is answered together: every question started its one task all the same.
    const titles = await eventually('four tasks', async () => {
      const tasks = (await reeve.call('GET', '/v1/tasks')).body['tasks'] as { title: string }[];
      return tasks.length >= 4 ? tasks.map(({ title }) => title).sort() : null;
    });
    expect(titles).toEqual(['000', '010', '100', '110'].map((number) => `Calculate ${number} + 1`));
    const repeated = await reeve.call('POST', '/v1/conversations/main/messages', {
      text: 'what is 000 + 1?',
      clientId: 'message-00',
    });
    expect(repeated.body).toMatchObject({ duplicate: true });
  });

  it('leaves an audit chain that verifies', async () => {
    await using home = await makeTestHome();
    {
      await using reeve = await startReeve(home);
      await reeve.call('POST', '/v1/conversations/main/messages', { text: 'run echo hello' });
      await eventually('the task’s end', async () =>
        (await tasksOf(reeve)).some((task) => task.state === 'succeeded'),
      );
      const running = await runReeve(home, ['audit', 'verify', '--json']);
      expect(JSON.parse(running.stdout)).toMatchObject({ kind: 'intact' });
      await reeve.kill('SIGKILL');
    }
    const verified = await runReeve(home, ['audit', 'verify']);
    expect(verified.stdout).toMatch(/The audit log is intact: \d+ entries/);
    expect(verified.code).toBe(0);
    expect(await readFile(`${home.path}/logs/reeve.log`, 'utf8')).not.toContain('"level":60');
  });
});
