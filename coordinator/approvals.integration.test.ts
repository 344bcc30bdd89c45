import { APPROVAL_LIFETIME_MS, type AuditEvent } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import type { Estate } from './testing/house.ts';
import { NO_BODY, type ScriptedExecutor } from './testing/scripted-executor.ts';
import { delegating, deletes, giveFile, writes } from './testing/tasks.ts';
import { until } from './testing/until.ts';

let estate: Estate;
estateForEach('approvals', (fresh) => {
  estate = fresh;
});

const model = delegating();
const FILE = 'uploads/a.txt';

/** Questions that are asked no more, each with its reason, by the audit chain. */
async function voidings(): Promise<string[][]> {
  const found: string[][] = [];
  for await (const { body } of estate.store.audit.entries()) {
    const { event, subject, detail } = JSON.parse(body) as AuditEvent;
    if (event === 'approval-voided') found.push([subject, String(detail['because'])]);
  }
  return found;
}

/** How often an effect was carried out, by the audit chain. */
async function effects(): Promise<number> {
  let count = 0;
  for await (const entry of estate.store.audit.entries())
    if (entry.body.includes('"event":"effect-done"')) count += 1;
  return count;
}

describe('one question, one decision', () => {
  it('lets exactly one of 200 decisions win', async () => {
    const house = await estate.open({ model, work: deletes(FILE), settings: { holdMs: 10_000 } });
    await giveFile(house, 'a.txt', 'a');
    await house.say('start delete');
    const { code } = await estate.openQuestion();
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        house.decide(code, index % 2 === 0 ? 'approve' : 'deny', `p${index}`),
      ),
    );
    const winners = results.flatMap((result, index) => (result.kind === 'decided' ? [`p${index}`] : []));
    expect(winners).toHaveLength(1);
    const losers = results.filter((result) => result.kind === 'refused');
    expect(new Set(losers.map((result) => result.failure.code))).toEqual(new Set(['approval-decided']));
    await estate.reaches('T-1', 'succeeded');
    const approval = await estate.store.approvals.get(code);
    expect(approval?.decidedBy).toBe(winners[0]);
    const wasApproved = approval?.state === 'approved';
    expect(await effects()).toBe(wasApproved ? 1 : 0);
    expect((await estate.store.files.get(FILE)) === null).toBe(wasApproved);
  });

  it('does not do what was denied, and the card says who and why', async () => {
    const house = await estate.open({ model, work: deletes(FILE) });
    await giveFile(house, 'a.txt', 'a');
    await house.say('start delete');
    const { code } = await estate.openQuestion();
    await house.say(`/deny ${code.toLowerCase()} I still need it`);
    await estate.reaches('T-1', 'succeeded');
    await until(() => house.channel.card(`approval:${code}`)?.title.startsWith('✗'), 'the settled card');
    expect(JSON.stringify(house.channel.card(`approval:${code}`)?.blocks)).toMatch(
      /Denied by owner.*They said: I still need it/,
    );
    expect((await estate.store.steps.list('T-1')).map(({ body }) => body)).toMatchObject([
      { ok: false, content: 'DENIED by the owner. They said: I still need it' },
    ]);
    expect(await estate.store.files.get(FILE)).not.toBeNull();
    expect(await effects()).toBe(0);
  });

  it('lapses after its time, whoever answers later, and the task goes on without it', async () => {
    const house = await estate.open({ model, work: deletes(FILE), settings: { holdMs: 50 } });
    await giveFile(house, 'a.txt', 'a');
    await house.say('start delete');
    const { code } = await estate.openQuestion();
    await until(() => house.launcher.living.size === 1, 'the executor to leave its slot');
    estate.clock.jump(APPROVAL_LIFETIME_MS);
    expect(await house.decide(code)).toMatchObject({
      kind: 'refused',
      failure: { code: 'approval-expired' },
    });
    await estate.reaches('T-1', 'succeeded');
    expect((await estate.store.approvals.get(code))?.state).toBe('expired');
    expect(await estate.store.files.get(FILE)).not.toBeNull();
  });

  it('is settled once in whatever moment the decision meets the release of the executor', async () => {
    const house = await estate.open({ model, work: deletes(FILE), settings: { holdMs: 60 } });
    for (let round = 1; round <= 12; round += 1) {
      await giveFile(house, 'a.txt', `content ${round}`);
      await house.say(`start delete ${round}`);
      const { code } = await estate.openQuestion();
      await new Promise((resolve) => setTimeout(resolve, round * 10));
      expect(await house.decide(code)).toMatchObject({ kind: 'decided' });
      await estate.reaches(`T-${round}`, 'succeeded');
      expect(await estate.store.files.get(FILE)).toBeNull();
      expect(await effects()).toBe(round);
    }
  });

  it('is asked again by the next attempt, which is held and released like the first', async () => {
    const house = await estate.open({ model, work: deletes(FILE), settings: { holdMs: 100 } });
    await giveFile(house, 'a.txt', 'a');
    await house.say('start delete');
    const { code } = await estate.openQuestion();
    await house.say('/pause T-1');
    await estate.reaches('T-1', 'paused');
    await house.say('/resume T-1');
    await until(async () => (await estate.task('T-1')).attempt === 2, 'the second attempt');
    await until(async () => {
      const task = await estate.task('T-1');
      return task.state === 'waiting' && task.leaseUntil === null;
    }, 'the second executor to be released');
    expect((await estate.store.approvals.pending()).map((approval) => approval.code)).toEqual([code]);
    await house.decide(code);
    await estate.reaches('T-1', 'succeeded');
    expect(await effects()).toBe(1);
  });

  it('counts while the task is paused, and is used when it goes on', async () => {
    const house = await estate.open({ model, work: deletes(FILE), settings: { holdMs: 50 } });
    await giveFile(house, 'a.txt', 'a');
    await house.say('start delete');
    const { code } = await estate.openQuestion();
    await house.say('/pause T-1');
    await estate.reaches('T-1', 'paused');
    expect(await house.decide(code)).toMatchObject({ kind: 'decided' });
    expect(await effects()).toBe(0);
    await house.say('/resume T-1');
    await estate.reaches('T-1', 'succeeded');
    expect(await effects()).toBe(1);
  });

  it('never strands a task whose worker asks again in the moment of the decision', async () => {
    const kinds: string[] = [];
    const house = await estate.open({
      model,
      settings: { holdMs: 10_000 },
      async work(executor) {
        const declare = () => executor.declare('s1.1', 'files.delete', { path: FILE });
        let reply = await declare();
        while (reply.body.kind === 'ask') reply = await declare();
        kinds.push(reply.body.kind);
        if (reply.body.kind === 'allow') await executor.remove('s1.1', reply.body.permit);
        await executor.finish();
      },
    });
    for (let round = 1; round <= 5; round += 1) {
      await giveFile(house, 'a.txt', `content ${round}`);
      await house.say(`start delete ${round}`);
      await house.decide((await estate.openQuestion()).code);
      await estate.reaches(`T-${round}`, 'succeeded');
    }
    expect(await effects()).toBe(5);
    expect(kinds).toEqual(Array(5).fill('allow'));
  });

  it('is void once its task is cancelled', async () => {
    const house = await estate.open({ model, work: deletes(FILE), settings: { holdMs: 50 } });
    await giveFile(house, 'a.txt', 'a');
    await house.say('start delete');
    const { code } = await estate.openQuestion();
    await house.say('/cancel T-1');
    await estate.reaches('T-1', 'cancelled');
    expect(await house.decide(code)).toMatchObject({
      kind: 'refused',
      failure: { code: 'approval-decided' },
    });
    expect((await estate.store.approvals.get(code))?.state).toBe('voided');
    expect(await voidings()).toEqual([[code, 'its task ended']]);
    expect(await estate.store.files.get(FILE)).not.toBeNull();
  });

  it('is not for strangers', async () => {
    const house = await estate.open({ model, work: deletes(FILE) });
    await giveFile(house, 'a.txt', 'a');
    await house.say('start delete');
    const { code } = await estate.openQuestion();
    const decided = await house.coordinator.inbound.decide({
      code,
      decision: { kind: 'approve', scope: 'once' },
      chat: { channel: 'http', externalId: 'main' },
      sender: { externalId: 'somebody', name: 'owner' },
    });
    expect(decided).toMatchObject({ kind: 'refused', failure: { code: 'approval-not-yours' } });
    expect((await estate.store.approvals.get(code))?.state).toBe('pending');
  });
});

describe('what was shown is what runs', () => {
  it('asks again when the file has changed between question and yes', async () => {
    const house = await estate.open({ model, work: deletes(FILE), settings: { holdMs: 10_000 } });
    await giveFile(house, 'a.txt', 'first');
    await house.say('start delete');
    const first = await estate.openQuestion();
    const current = await estate.store.files.get(FILE);
    if (!current) throw new Error('no file');
    await estate.store.files.put({ ...current, sha256: 'f'.repeat(64), writtenBy: 'somebody' }, new Date());
    await house.decide(first.code);
    const second = await estate.openQuestion();
    expect(second.code).not.toBe(first.code);
    expect(second.call.arguments['sha256']).toBe('f'.repeat(64));
    expect(await estate.store.files.get(FILE)).not.toBeNull();
    await house.decide(second.code);
    await estate.reaches('T-1', 'succeeded');
    expect(await effects()).toBe(1);
  });

  it('asks the older form of a changed call no more', async () => {
    const house = await estate.open({ model, work: deletes(FILE), settings: { holdMs: 50 } });
    await giveFile(house, 'a.txt', 'first');
    await house.say('start delete');
    const first = await estate.openQuestion();
    await house.say('/pause T-1');
    await estate.reaches('T-1', 'paused');
    const current = await estate.store.files.get(FILE);
    if (!current) throw new Error('no file');
    await estate.store.files.put({ ...current, sha256: 'f'.repeat(64), writtenBy: 'somebody' }, new Date());
    await house.say('/resume T-1');
    await until(
      async () => (await estate.store.approvals.get(first.code))?.state === 'voided',
      'the first to be void',
    );
    expect(await voidings()).toEqual([[first.code, 'the call was declared in another form']]);
    expect(await estate.store.approvals.pending()).toHaveLength(1);
  });
});

describe('permits', () => {
  /** Runs one worker to its end and yields what it reports. */
  async function report<T>(work: (executor: ScriptedExecutor) => Promise<T>): Promise<T> {
    const done = Promise.withResolvers<T>();
    const house = await estate.open({
      model,
      settings: { holdMs: 10_000 },
      work: (executor) =>
        work(executor).then(async (value) => {
          await executor.finish();
          done.resolve(value);
        }, done.reject),
    });
    await giveFile(house, 'a.txt', 'a');
    const answering = until(async () => {
      const [open] = await estate.store.approvals.pending();
      return open ? house.decide(open.code) : null;
    }, 'a question').catch(() => undefined);
    await house.say('start something');
    const value = await done.promise;
    void answering;
    return value;
  }

  const approved = async (executor: ScriptedExecutor): Promise<string> => {
    await executor.declare('s1.1', 'files.delete', { path: FILE });
    await executor.hear('decision');
    return (await executor.declare('s1.1', 'files.delete', { path: FILE })).body.permit;
  };

  it('work once', async () => {
    const replies = await report(async (executor) => {
      const permit = await approved(executor);
      return Promise.all(Array.from({ length: 10 }, () => executor.remove('s1.1', permit)));
    });
    expect(replies.filter(({ body }) => body.kind === 'done')).toHaveLength(1);
    expect(replies.filter(({ body }) => body.kind === 'refused')).toHaveLength(9);
    expect(await effects()).toBe(1);
  });

  it('are the same one for everybody who declares a call, and stay used when the file comes back', async () => {
    const { permits, again, declared } = await report(async (executor) => {
      await executor.declare('s1.1', 'files.delete', { path: FILE });
      await executor.hear('decision');
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => executor.declare('s1.1', 'files.delete', { path: FILE })),
      );
      const found = new Set(replies.map(({ body }) => body.permit));
      for (const permit of found) await executor.remove('s1.1', permit);
      await estate.store.files.restore(FILE, 'owner', new Date());
      const second = [];
      for (const permit of found) second.push((await executor.remove('s1.1', permit)).body.kind);
      return {
        permits: found.size,
        again: second,
        declared: (await executor.declare('s1.1', 'files.delete', { path: FILE })).body,
      };
    });
    expect(permits).toBe(1);
    expect(again).toEqual(['refused']);
    expect(declared).toEqual({ kind: 'settled', ok: true, content: `Deleted ${FILE}.` });
    expect(await estate.store.files.get(FILE)).not.toBeNull();
    expect(await effects()).toBe(1);
  });

  it('fit their own call only: neither another call id, nor another tool, nor other content', async () => {
    const replies = await report(async (executor) => {
      const { body } = await executor.declarePut('s1.1', 'T-1/new.txt', 'declared');
      return [
        (await executor.put('s1.2', body.permit, 'declared')).body.reason,
        (await executor.remove('s1.1', body.permit)).body.reason,
        (await executor.put('s1.1', body.permit, 'something else')).body.reason,
        (await executor.put('s1.1', 'no-such-permit', 'declared')).body.reason,
        (await executor.put('s1.1', body.permit, 'declared')).body.kind,
      ];
    });
    expect(replies).toEqual([
      'This permit is not for that call.',
      'This permit is not for that call.',
      'The content is not what was declared; nothing was stored.',
      'This permit is not for that call.',
      'done',
    ]);
  });

  it('do nothing to a file that has changed since it was shown', async () => {
    const reply = await report(async (executor) => {
      const permit = await approved(executor);
      const current = await estate.store.files.get(FILE);
      if (current)
        await estate.store.files.put(
          { ...current, sha256: 'f'.repeat(64), writtenBy: 'somebody' },
          new Date(),
        );
      return executor.remove('s1.1', permit);
    });
    expect(reply.body).toEqual({
      kind: 'refused',
      reason: `${FILE} has changed since; declare the call again.`,
    });
    expect(await estate.store.files.get(FILE)).not.toBeNull();
  });

  it('are worth nothing once the task has ended, even while the content is on its way', async () => {
    const used = Promise.withResolvers<number>();
    const house = await estate.open({
      model,
      async work(executor) {
        const { body } = await executor.declarePut('s1.1', 'T-1/new.txt', 'xy');
        const content = (async function* () {
          yield Buffer.from('x');
          await new Promise((resolve) => setTimeout(resolve, 50));
          await estate.store.transaction(async (records) => {
            const task = await records.tasks.get('T-1');
            const ended = { state: 'cancelled', leaseUntil: null } as const;
            if (task) await records.tasks.update({ ...task, ...ended, version: task.version + 1 });
          });
          yield Buffer.from('y');
        })();
        used.resolve((await executor.put('s1.1', body.permit, content)).status);
      },
    });
    await house.say('start it');
    expect(await used.promise).toBe(409);
    expect(await estate.store.files.get('T-1/new.txt')).toBeNull();
  });

  it('are not given for an unknown tool without a question, and its card shows every argument', async () => {
    const house = await estate.open({
      model,
      settings: { holdMs: 50 },
      work: async (executor) => {
        await executor.declare('s1.1', 'mail.send', {
          to: 'x@y.z',
          reason: 'hidden?',
          'a\u202eb': [1],
          constructor: 'c',
        });
        await executor.hear('release');
        await executor.finish({ outcome: 'released' });
      },
    });
    await house.say('start mail');
    const { code } = await estate.openQuestion();
    const card = await until(() => house.channel.card(`approval:${code}`), 'the card');
    const fields = card.blocks.flatMap((block) => (block.kind === 'fields' ? block.fields : []));
    expect(fields).toMatchObject([
      { name: 'Action', value: 'mail.send' },
      { name: 'Argument “to”', value: 'x@y.z' },
      { name: 'Argument “reason”', value: 'hidden?' },
      { name: 'Argument “a⟨U+202E⟩b”', value: '[1]' },
      { name: 'Argument “constructor”', value: 'c' },
      { name: 'Asked by' },
      { name: 'Its reason (its own claim)', value: 'the job needs it' },
      { name: 'Undo', value: 'Not known; treat it as final.' },
      { name: 'What leaves Reeve', value: 'not known' },
      { name: 'Kind', value: 'destructive: asked every time' },
    ]);
  });
});

describe('grants', () => {
  for (const scope of ['task', 'always'] as const) {
    it(`for “${scope}” cover a later overwrite of the same file, and never a delete`, async () => {
      const house = await estate.open({
        model,
        settings: { holdMs: 10_000 },
        async work(executor) {
          if (executor.assignment.task.title === 'overwrite') {
            await writes(
              FILE,
              'one',
              's1.1',
            )({
              ...executor,
              assignment: executor.assignment,
              finish: async () => ({ status: 200, text: '', body: NO_BODY }),
            });
            const second = await executor.declarePut('s2.1', FILE, 'two');
            await executor.result(`second overwrite: ${second.body.kind}`);
            const removal = await executor.declare('s3.1', 'files.delete', { path: FILE });
            await executor.result(`removal: ${removal.body.kind}`);
            return;
          }
          const later = await executor.declarePut('s1.1', FILE, 'three');
          await executor.result(`another task: ${later.body.kind}`);
        },
      });
      await giveFile(house, 'a.txt', 'zero');
      await house.say('start overwrite');
      await house.say(`/approve ${(await estate.openQuestion()).code} ${scope}`);
      const said = async (id: 'T-1' | 'T-2', count: number) =>
        until(async () => {
          const steps = await estate.store.steps.list(id);
          const lines = steps.flatMap(({ body }) => (body.kind === 'result' ? [body.content] : []));
          return lines.length >= count ? lines : null;
        }, `${count} steps of ${id}`);
      expect((await said('T-1', 3)).slice(1, 3)).toEqual(['second overwrite: allow', 'removal: ask']);
      await house.say('start another');
      expect(await said('T-2', 1)).toEqual([`another task: ${scope === 'always' ? 'allow' : 'ask'}`]);
    });
  }

  it('do not widen a yes to a delete', async () => {
    const house = await estate.open({ model, work: deletes(FILE) });
    await giveFile(house, 'a.txt', 'a');
    await house.say('start delete');
    const { code } = await estate.openQuestion();
    await house.say(`/approve ${code} always`);
    await until(() => house.channel.texts().some((text) => text.includes('counts once only')), 'the refusal');
    expect((await estate.store.approvals.get(code))?.state).toBe('pending');
  });

  it('leave an overwrite or a delete undoable', async () => {
    const house = await estate.open({ model, work: deletes(FILE) });
    await giveFile(house, 'a.txt', 'precious');
    await house.say('start delete');
    await house.decide((await estate.openQuestion()).code);
    await estate.reaches('T-1', 'succeeded');
    await house.say(`/undo ${FILE}`);
    await until(
      () => house.channel.texts().some((text) => text.includes('is back as it was (8 bytes)')),
      'the undo',
    );
    expect((await estate.store.files.get(FILE))?.bytes).toBe(8);
  });
});
