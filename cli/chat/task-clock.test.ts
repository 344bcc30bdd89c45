import { expect, test } from 'vitest';
import type { ApiClient, TaskDetail } from './api-client.ts';
import { ApiUnreachable } from './api-error.ts';
import { createTaskClock, withElapsed } from './task-clock.ts';

const NOON = Date.parse('2026-11-21T12:00:00.000Z');
const settled = () => new Promise((resolve) => setImmediate(resolve));

function openClock(answers: readonly (Partial<TaskDetail> | Error)[]) {
  const asked: string[] = [];
  let seconds = 0;
  const getTask: ApiClient['getTask'] = async (task) => {
    const answer = answers[asked.push(task) - 1];
    if (!answer || answer instanceof Error) throw answer ?? new Error('not expected');
    return answer as TaskDetail;
  };
  const clock = createTaskClock({
    client: { getTask },
    now: () => new Date(NOON + seconds * 1000),
  });
  return {
    asked,
    clock,
    at: (later: number) => {
      seconds = later;
    },
  };
}

test('time goes on from the start of a task, asked for once', async () => {
  const { clock, asked, at } = openClock([{ startedAt: new Date(NOON).toISOString(), createdAt: '' }]);
  expect(clock.elapsed('T-1')).toBeNull();
  clock.note('T-1', 'running');
  clock.note('T-1', 'running');
  await settled();
  at(7);
  expect(clock.elapsed('T-1')).toBe('7 s');
  at(65);
  expect(clock.elapsed('T-1')).toBe('1 min 5 s');
  at(3780);
  expect(clock.elapsed('T-1')).toBe('1 h 3 min');
  expect(asked).toEqual(['T-1']);
});

test('a queued task counts from when it was made, then from its start', async () => {
  const createdAt = new Date(NOON).toISOString();
  const { clock, at } = openClock([
    { startedAt: null, createdAt },
    { startedAt: new Date(NOON + 10_000).toISOString(), createdAt },
  ]);
  clock.note('T-1', 'queued');
  await settled();
  at(8);
  expect(clock.elapsed('T-1')).toBe('8 s');
  clock.note('T-1', 'running');
  await settled();
  at(12);
  expect(clock.elapsed('T-1')).toBe('2 s');
  clock.note('T-1', 'paused');
  expect(clock.elapsed('T-1')).toBeNull();
});

test('a start that could not be asked for is asked for at the next card', async () => {
  const { clock, at } = openClock([
    new ApiUnreachable('http://127.0.0.1:1', null),
    { startedAt: new Date(NOON).toISOString(), createdAt: '' },
  ]);
  clock.note('T-1', 'running');
  await settled();
  expect(clock.elapsed('T-1')).toBeNull();
  clock.note('T-1', 'running');
  await settled();
  at(3);
  expect(clock.elapsed('T-1')).toBe('3 s');
});

test.each([
  ['▶ T-1 Make a CSV · running a command · 4 s', '▶ T-1 Make a CSV · running a command · 1 min 5 s'],
  ['▶ T-1 Wait · ran `sleep` · 2 min 30 s', '▶ T-1 Wait · ran `sleep` · 1 min 5 s'],
  ['▶ T-1 Wait · a title that ends in no time', '▶ T-1 Wait · a title that ends in no time'],
])('%s', (title, expected) => {
  expect(withElapsed(title, '1 min 5 s')).toBe(expected);
  expect(withElapsed(title, null)).toBe(title);
});
