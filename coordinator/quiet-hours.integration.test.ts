import type { QuietHours } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import { type Estate, type House, succeed } from './testing/house.ts';
import type { Work } from './testing/scripted-launcher.ts';
import { delegating, deletes, giveFile } from './testing/tasks.ts';
import { until } from './testing/until.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let estate: Estate;
estateForEach('quiet', (fresh) => {
  estate = fresh;
});

/** From three hours ago until eight hours from now. */
function nightAroundNow(): QuietHours {
  const clock = (ahead: number) => new Date(Date.now() + ahead).toISOString().slice(11, 16);
  return { from: clock(-3 * HOUR), to: clock(8 * HOUR) };
}

const open = (work: Work, quietHours: QuietHours | null = nightAroundNow()) =>
  estate.open({
    model: delegating(),
    work,
    settings: { quietHours: quietHours ?? undefined, timeZone: 'UTC', holdMs: 60_000 },
  });

/** Work that ends when the test says so. */
function gated(then: Work = succeed) {
  const gate = Promise.withResolvers<void>();
  const work: Work = async (executor) => {
    await gate.promise;
    await then(executor);
  };
  return { work, go: gate.resolve };
}

const kinds = (house: House) => house.channel.delivered.map(({ about }) => about.kind);
const held = async () => (await estate.store.outbox.held()).map(({ about }) => about.kind);

/** A task that the owner started, and then went to sleep. */
async function startAndSleep(house: House): Promise<void> {
  await house.say('start it');
  await estate.reaches('T-1', 'running');
  await until(() => house.channel.card('task:T-1'), 'the card');
  estate.clock.jump(31 * MINUTE);
}

describe('in quiet hours', () => {
  it('a result comes at once while the person is there', async () => {
    const house = await open(succeed);
    await house.say('start it');
    await until(() => kinds(house).includes('task-result'), 'the result');
  });

  it('a result waits when nobody is there, its card is edited all the same, and both are told in the morning', async () => {
    const { work, go } = gated();
    const house = await open(work);
    await startAndSleep(house);
    go();
    await estate.reaches('T-1', 'succeeded');
    await until(async () => (await held()).includes('task-result'), 'the result to be kept back');
    await until(() => house.channel.card('task:T-1')?.blocks.length === 0, 'the card to fold');
    expect(kinds(house)).not.toContain('task-result');
    await house.crash();
    estate.clock.jump(8 * HOUR);
    const morning = await open(succeed);
    await until(() => kinds(morning).includes('task-result'), 'the result');
    expect(await held()).toEqual([]);
  });

  it('what was kept back comes as soon as the person writes, after the answer at the latest', async () => {
    const { work, go } = gated();
    const house = await open(work);
    await startAndSleep(house);
    go();
    await until(async () => (await held()).includes('task-result'), 'the result to be kept back');
    await house.say('hello');
    await until(() => kinds(house).includes('task-result'), 'the result');
    await until(() => house.channel.texts().includes('You said: hello'), 'the answer');
    expect(house.channel.texts().join()).not.toContain('quiet hours are over');
  });

  it('a question waits, can be answered all the same, and its card then comes once, settled', async () => {
    const { work, go } = gated(deletes('uploads/a.txt'));
    const house = await open(work);
    await giveFile(house, 'a.txt', 'a');
    await startAndSleep(house);
    go();
    const { code } = await estate.openQuestion();
    await until(async () => (await held()).includes('approval-card'), 'the question to be kept back');
    expect(await house.decide(code, 'deny')).toMatchObject({ kind: 'decided' });
    await until(() => house.channel.card(`approval:${code}`)?.title.startsWith('✗'), 'the settled card');
    expect(kinds(house).filter((kind) => kind === 'approval-card')).toHaveLength(1);
  });

  it('a question that is about to lapse breaks through', async () => {
    const { work, go } = gated(deletes('uploads/a.txt'));
    const house = await open(work);
    await giveFile(house, 'a.txt', 'a');
    await startAndSleep(house);
    go();
    const { code, expiresAt } = await estate.openQuestion();
    await until(async () => (await held()).includes('approval-card'), 'the question to be kept back');
    await house.crash();
    estate.clock.jump(expiresAt.getTime() - estate.clock.now().getTime() - HOUR);
    const later = await open(deletes('uploads/a.txt'));
    await until(() => later.channel.card(`approval:${code}`), 'the question');
  });

  it('what belongs to a task that the owner called urgent comes at once', async () => {
    const { work, go } = gated();
    const house = await open(work);
    await house.say('start it');
    await estate.reaches('T-1', 'running');
    await house.say('/urgent T-1');
    await until(() => house.channel.texts().some((text) => text.startsWith('T-1 is urgent')), 'the answer');
    await house.say('/urgent T-9');
    await until(() => house.channel.texts().some((text) => text.startsWith('There is no such task')), 'a no');
    estate.clock.jump(31 * MINUTE);
    go();
    await until(() => kinds(house).includes('task-result'), 'the result');
    const entries = await estate.store.audit.about('T-1', 20);
    expect(entries.some(({ body }) => body.includes('task-hurried'))).toBe(true);
  });

  it('several that were kept back come with one line that counts them, over a crash', async () => {
    const { work, go } = gated();
    const house = await open(work);
    await house.say('start a and b');
    await estate.reaches('T-2', 'running');
    await until(() => house.channel.card('task:T-2'), 'the card');
    estate.clock.jump(31 * MINUTE);
    go();
    await until(
      async () => (await held()).filter((kind) => kind === 'task-result').length === 2,
      'two results',
    );
    await house.crash();
    const morning = await open(succeed, null);
    await until(() => morning.channel.texts().at(-1)?.startsWith('Your quiet hours are over.'), 'the digest');
    expect(kinds(morning).filter((kind) => kind === 'task-result')).toHaveLength(2);
    expect(morning.channel.texts().at(-1)).toContain('2 results');
  });
});
