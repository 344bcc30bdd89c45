import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { eventually, makeTestHome, type RunningReeve, startReeve } from '../testing/reeve-process.ts';

interface StatusBody {
  readonly running: readonly { id: string }[];
  readonly queued: readonly { id: string }[];
}

async function status(reeve: RunningReeve): Promise<StatusBody> {
  return (await reeve.call('GET', '/v1/status')).body as unknown as StatusBody;
}

async function send(reeve: RunningReeve, text: string, conversation = 'main'): Promise<string> {
  const { status: code, body } = await reeve.call('POST', `/v1/conversations/${conversation}/messages`, {
    text,
  });
  expect(code).toBe(202);
  return String(body['turnId']);
}

async function lastText(reeve: RunningReeve, conversation: string, turnId: string): Promise<string> {
  return eventually('an answer', async () => {
    const { body } = await reeve.call('GET', `/v1/conversations/${conversation}/messages?limit=50`);
    const messages = body['messages'] as { turnId: string; role: string; text: string }[];
    return messages.find((message) => message.turnId === turnId && message.role === 'assistant')?.text;
  });
}

/** Command lines of all processes on this machine that hold the text. */
async function processesWith(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(text));
}

describe('several tasks', () => {
  it('run five at a time while the person chats on, and end at once when told', async () => {
    await using home = await makeTestHome();
    await using reeve = await startReeve(home);

    await send(reeve, 'work 97 seconds six times at once');
    await eventually('five running and one queued', async () => {
      const { running, queued } = await status(reeve);
      return running.length === 5 && queued.length === 1;
    });
    await eventually('commands in the sandboxes', async () => (await processesWith('sleep')).length >= 5);

    const chat = await send(reeve, 'what is 6 * 7?', 'other');
    expect(await lastText(reeve, 'other', chat)).toMatch(/42|Started|T-\d/);

    const { running } = await status(reeve);
    const one = String(running[0]?.id);
    const cancelled = await reeve.call('POST', `/v1/tasks/${one}/cancel`);
    expect(cancelled.body).toMatchObject({ id: one, state: 'cancelled' });
    await eventually('the sixth task’s turn', async () =>
      (await status(reeve)).running.some((task) => task.id === 'T-6'),
    );

    await send(reeve, '/cancel all');
    await eventually('the end of every task', async () => (await status(reeve)).running.length === 0);
    await eventually(
      'the end of every command',
      async () => (await processesWith('# part')).length === 0,
      5_000,
    );
  });
});
