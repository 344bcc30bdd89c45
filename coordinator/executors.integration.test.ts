import { describe, expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import { type Estate, succeed } from './testing/house.ts';
import type { ScriptedExecutor } from './testing/scripted-executor.ts';
import { delegating, deletes, giveFile } from './testing/tasks.ts';
import { until } from './testing/until.ts';

let estate: Estate;
estateForEach('executors', (fresh) => {
  estate = fresh;
});

const model = delegating();

/** Waits for its end by others. */
const untilKilled = (executor: ScriptedExecutor) =>
  new Promise<void>((_resolve, reject) =>
    executor.signal.addEventListener('abort', () => reject(executor.signal.reason), { once: true }),
  );

describe('an executor that goes wrong', () => {
  it('by dying at once is tried three times, then the task is set aside and told once', async () => {
    const house = await estate.open({
      model,
      work: async (executor) => {
        if (executor.assignment.task.title === 'poison') throw new Error('segmentation fault');
        await succeed(executor);
      },
    });
    await house.say('start poison and fine');
    await estate.reaches('T-1', 'failed');
    await estate.reaches('T-2', 'succeeded');
    const task = await estate.task('T-1');
    expect(task).toMatchObject({ attempt: 3, crashes: 3, outcome: { failure: 'task-poisoned' } });
    const told = () => house.channel.texts().filter((text) => text.startsWith('**T-1 poison**: failed.'));
    await until(() => told().length > 0, 'the result');
    expect(told()).toHaveLength(1);
    expect(told()[0]).not.toContain('segmentation');
  });

  it('in mid-step goes on with the next attempt after the last recorded step', async () => {
    const house = await estate.open({
      model,
      work: async (executor) => {
        const { attempt, steps } = executor.assignment;
        await executor.result(`step of attempt ${attempt}`);
        if (attempt < 4) throw new Error('dies in mid-step');
        await executor.finish({ evidence: [steps.length + 1] });
      },
    });
    await house.say('start it');
    await estate.reaches('T-1', 'succeeded');
    expect((await estate.store.steps.list('T-1')).map(({ seq, attempt }) => [seq, attempt])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
  });

  it('by falling silent is noticed when its lease runs out, and ended', async () => {
    const firstEnded = Promise.withResolvers<void>();
    const house = await estate.open({
      model,
      work: async (executor) => {
        if (executor.assignment.attempt > 1) return succeed(executor);
        await executor.result('before it hung');
        executor.stopBeating();
        await untilKilled(executor).finally(firstEnded.resolve);
      },
    });
    await house.say('start it');
    await firstEnded.promise;
    await until(async () => (await estate.task('T-1')).attempt === 2, 'the next attempt');
    await estate.reaches('T-1', 'succeeded');
  });

  it('by never coming for its task is ended, and the task started again', async () => {
    let starts = 0;
    const house = await estate.open({
      model,
      settings: { warmExecutors: 0 },
      beforeAttach: async (executor) => {
        starts += 1;
        if (starts === 1) await untilKilled(executor);
      },
    });
    await house.say('start it');
    await until(() => starts === 1, 'the start');
    estate.clock.jump(31_000);
    await estate.reaches('T-1', 'succeeded');
    expect(starts).toBe(2);
  });

  it('before it takes any task means that the sandbox is broken: told after three tries', async () => {
    const house = await estate.open({
      model,
      settings: { warmExecutors: 0 },
      beforeAttach: async () => {
        throw new Error('no namespaces');
      },
    });
    await house.say('start it');
    await estate.reaches('T-1', 'failed');
    expect((await estate.task('T-1')).outcome?.failure).toBe('sandbox-unavailable');
    // Once ahead of the task, and each time once ahead of its job and once for it.
    expect(house.launcher.launches).toBeGreaterThanOrEqual(3);
    expect(house.launcher.launches).toBeLessThanOrEqual(7);
  });

  it('by closing its half of the control stream cannot break the coordinator', async () => {
    const house = await estate.open({
      model,
      settings: { holdMs: 10_000 },
      work: async (executor) => {
        if (executor.assignment.attempt > 1) return succeed(executor);
        executor.halfCloseControl();
        await executor.result('closed');
        await untilKilled(executor);
      },
    });
    await house.say('start it');
    await estate.reaches('T-1', 'running');
    await until(async () => (await estate.task('T-1')).steps === 1, 'the step');
    for (let word = 1; word <= 50; word += 1) await house.say(`/tell T-1 word ${word}`);
    await house.say('/cancel T-1');
    await estate.reaches('T-1', 'cancelled');
  });
});

describe('an executor that lies', () => {
  it('cannot use a ticket twice, nor guess one', async () => {
    const replies = Promise.withResolvers<number[]>();
    const house = await estate.open({
      model,
      work: async (executor) => {
        const again = await executor.attach();
        const guessed = await executor.attach('guessed-ticket-0123456789');
        replies.resolve([again.status, guessed.status]);
        await succeed(executor);
      },
    });
    await house.say('start it');
    expect(await replies.promise).toEqual([410, 410]);
    expect((await estate.reaches('T-1', 'succeeded')).attempt).toBe(1);
  });

  it('cannot write for an attempt that is over', async () => {
    const first = Promise.withResolvers<ScriptedExecutor>();
    const free = Promise.withResolvers<void>();
    const house = await estate.open({
      model,
      work: async (executor) => {
        if (executor.assignment.attempt === 1) {
          first.resolve(executor);
          await free.promise;
          throw new Error('gone');
        }
        await untilKilled(executor);
      },
    });
    await house.say('start it');
    const old = await first.promise;
    await estate.store.transaction(async (records) => {
      const task = await records.tasks.get('T-1');
      if (task) await records.tasks.update({ ...task, attempt: 2, version: task.version + 1 });
    });
    const replies = [
      await old.result('late'),
      await old.declarePut('s1.1', 'T-1/x', 'x'),
      await old.finish(),
      await old.call('PUT', '/scratch?seq=1', 'tar'),
    ];
    expect(replies.map(({ status, body }) => [status, body.kind])).toEqual(Array(4).fill([409, 'stale']));
    expect(await estate.store.steps.list('T-1')).toEqual([]);
    free.resolve();
  });

  it('has its steps checked: repeated is the same, another in its place or out of order is stale', async () => {
    const statuses = Promise.withResolvers<number[]>();
    const note = (text: string) => ({ kind: 'note', text, origin: { kind: 'agent' }, input: null }) as const;
    const house = await estate.open({
      model,
      work: async (executor) => {
        statuses.resolve([
          (await executor.append(note('a'), { seq: 1 })).status,
          (await executor.append(note('a'), { seq: 1 })).status,
          (await executor.append(note('b'), { seq: 1 })).status,
          (await executor.append(note('c'), { seq: 5 })).status,
        ]);
        await executor.finish();
      },
    });
    await house.say('start it');
    expect(await statuses.promise).toEqual([200, 200, 409, 409]);
  });

  it('proves nothing with invented evidence', async () => {
    const house = await estate.open({
      model,
      work: async (executor) => {
        await executor.result('tried', false);
        await executor.finish({ summary: 'I bought the cattle', evidence: [1, 2, 999] });
      },
    });
    await house.say('start it');
    await until(() => house.channel.texts().length === 2, 'the result');
    expect(house.channel.texts()[1]).toBe(
      '**T-1 it**: finished, unverified.\n\nI bought the cattle\n\nI believe this, unverified: no step proves it.',
    );
  });

  it('is not said to have finished when all it wanted was refused', async () => {
    const house = await estate.open({
      model,
      work: async (executor) => {
        await executor.append({
          kind: 'result',
          callId: 's1.1',
          tool: 'http.fetch',
          ok: false,
          content: 'Not done: that host is not on the public internet',
          activity: 'did not fetch GET a.example.org',
          durationMs: 1,
        });
        await executor.finish({ summary: 'The page could not be read.', evidence: [] });
      },
    });
    await house.say('start it');
    await until(() => house.channel.texts().length === 2, 'the result');
    expect(house.channel.texts()[1]).toBe(
      '**T-1 it**: ended without what was refused.\n\nThe page could not be read.\n\nWhat it wanted was refused and was not done; no step proves anything else.',
    );
  });

  it('cannot flood the chat, nor break a record with half characters', async () => {
    const house = await estate.open({
      model,
      work: async (executor) => {
        await executor.call(
          'POST',
          '/append',
          `{"attempt":1,"seq":1,"body":{"kind":"note","text":"nul \\u0000 half \\ud800","origin":{"kind":"agent"},"input":null}}`,
        );
        await executor.declare('s1.1', 'x', { 'half\ud800': '\ud800' });
        await executor.finish({ summary: 'x'.repeat(1_000_000) });
      },
    });
    await house.say('start it');
    await until(() => house.channel.texts().length === 2, 'the result');
    expect(house.channel.texts()[1]?.length).toBeLessThan(21_000);
    expect(house.channel.texts()[1]).toContain('980000 more characters were left out');
    expect((await estate.store.steps.list('T-1'))[0]?.body).toMatchObject({ text: 'nul \uFFFD half \uFFFD' });
  });

  it('is answered plainly when it sends what the link does not know', async () => {
    const replies = Promise.withResolvers<unknown[]>();
    const house = await estate.open({
      model,
      work: async (executor) => {
        replies.resolve([
          (await executor.call('POST', '/append', 'not json')).status,
          (await executor.call('POST', '/append', '{}')).status,
          (await executor.call('GET', '/nothing')).status,
          (await executor.call('PUT', '/scratch?seq=1.5', 'tar')).status,
          (await executor.call('PUT', '/scratch?seq=-1', 'tar')).status,
          (await executor.call('GET', '/files/content?path=../../etc/passwd')).status,
        ]);
        await executor.finish();
      },
    });
    await house.say('start it');
    expect(await replies.promise).toEqual([400, 400, 404, 400, 400, 404]);
  });
});

describe('the dispatcher', () => {
  it('runs five at a time and starts the sixth when a slot is free', async () => {
    const gate = Promise.withResolvers<void>();
    const working = new Set<string>();
    const house = await estate.open({
      model,
      work: async (executor) => {
        working.add(executor.assignment.task.id);
        await gate.promise;
        await succeed(executor);
      },
    });
    await house.say('start a and b and c and d and e and f');
    await until(() => working.size === 5, 'five at work');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(working.size).toBe(5);
    const status = await house.coordinator.desk.status();
    expect([status.running.length, status.queued.length]).toEqual([5, 1]);
    gate.resolve();
    for (const id of ['T-1', 'T-2', 'T-3', 'T-4', 'T-5', 'T-6'] as const)
      await estate.reaches(id, 'succeeded');
  });

  it('starts a task whose job the queue has lost', async () => {
    const gate = Promise.withResolvers<void>();
    const house = await estate.open({
      model,
      settings: { parallelTasks: 1 },
      work: async (executor) => {
        await gate.promise;
        await succeed(executor);
      },
    });
    await house.say('start a and b and c');
    await estate.reaches('T-1', 'running');
    await until(async () => (await house.queue.depth()).waiting === 2, 'two to wait');
    await house.queue.flush();
    gate.resolve();
    for (const id of ['T-1', 'T-2', 'T-3'] as const)
      expect((await estate.reaches(id, 'succeeded')).attempt).toBe(1);
  });

  it('ignores a job that comes a second time', async () => {
    let runs = 0;
    const house = await estate.open({
      model,
      work: async (executor) => {
        runs += 1;
        await succeed(executor);
      },
    });
    await house.say('start it');
    await estate.reaches('T-1', 'succeeded');
    await house.queue.flush();
    await house.queue.enqueue({ id: 'T1-0-1', taskId: 'T-1', attempt: 0, dispatch: 1, priority: 1 });
    await until(async () => (await house.queue.depth()).waiting === 0, 'the job to be taken');
    expect(runs).toBe(1);
  });

  it('forgets the scratch of a task that is cancelled, and of each earlier snapshot', async () => {
    const saved = Promise.withResolvers<void>();
    const house = await estate.open({
      model,
      work: async (executor) => {
        await executor.result('made something');
        await executor.call('PUT', '/scratch?seq=1', 'first');
        await executor.call('PUT', '/scratch?seq=1', 'second');
        saved.resolve();
        await untilKilled(executor);
      },
    });
    await house.say('start it');
    await saved.promise;
    expect(await estate.objectKeys('scratch')).toHaveLength(1);
    await house.say('/cancel T-1');
    await until(async () => (await estate.objectKeys('scratch')).length === 0, 'no snapshot left');
  });
});

describe('what people do to tasks', () => {
  it('cancels a queued, a running and a waiting one; each says so once and its executor is gone', async () => {
    const house = await estate.open({
      model,
      settings: { parallelTasks: 2, holdMs: 3_600_000, warmExecutors: 0 },
      work: async (executor) =>
        executor.assignment.task.title === 'asks'
          ? deletes('uploads/a.txt')(executor)
          : untilKilled(executor),
    });
    await giveFile(house, 'a.txt', 'a');
    await house.say('start asks and works and queues');
    await estate.openQuestion();
    await estate.reaches('T-2', 'running');
    await house.say('/cancel all');
    for (const id of ['T-1', 'T-2', 'T-3'] as const) await estate.reaches(id, 'cancelled');
    await until(() => house.launcher.living.size === 0, 'the executors to be gone');
    await until(() => house.channel.texts().length === 5, 'every result');
    expect(house.channel.texts().filter((text) => text.includes(': cancelled.'))).toHaveLength(3);
    expect(await house.queue.depth()).toMatchObject({ waiting: 0 });
  });

  it('pauses and resumes, and says nothing false when it is so already', async () => {
    const house = await estate.open({
      model,
      work: async (executor) => {
        if (executor.assignment.attempt > 1) return succeed(executor);
        await executor.hear('pause');
        await executor.call('PUT', '/scratch?seq=0', 'half a job');
      },
    });
    await house.say('start it');
    await estate.reaches('T-1', 'running');
    for (const command of ['/pause T-1', '/pause T-1', '/resume T-1']) {
      const before = house.channel.texts().length;
      await house.say(command);
      await until(() => house.channel.texts().length > before, `an answer to ${command}`);
    }
    await estate.reaches('T-1', 'succeeded');
    expect(house.channel.texts().slice(1, 4)).toEqual([
      'T-1 is paused. /resume T-1 lets it go on.',
      'T-1 is paused. /resume T-1 lets it go on.',
      'T-1 goes on.',
    ]);
  });

  it('steers a task that runs, and one that has no executor yet', async () => {
    const gate = Promise.withResolvers<void>();
    const house = await estate.open({
      model,
      settings: { parallelTasks: 1 },
      work: async (executor) => {
        if (executor.assignment.task.title === 'first') {
          const { input } = await executor.hear('steer');
          await executor.append({ kind: 'note', text: input.text, origin: input.origin, input: input.id });
          await gate.promise;
        } else {
          for (const input of executor.assignment.inputs)
            await executor.append({ kind: 'note', text: input.text, origin: input.origin, input: input.id });
        }
        await executor.finish();
      },
    });
    await house.say('start first and second');
    await estate.reaches('T-1', 'running');
    await house.say('/tell T-1 in blue');
    await house.say('/tell T-2 in red');
    await until(
      async () => (await estate.store.tasks.pendingInputs('T-2')).length === 1,
      'the input to be stored',
    );
    gate.resolve();
    await estate.reaches('T-2', 'succeeded');
    const notes = async (id: 'T-1' | 'T-2') =>
      (await estate.store.steps.list(id)).map(({ body }) => (body.kind === 'note' ? body.text : body.kind));
    expect([await notes('T-1'), await notes('T-2')]).toEqual([['in blue'], ['in red']]);
    expect(await estate.store.tasks.pendingInputs('T-1')).toEqual([]);
  });
});
