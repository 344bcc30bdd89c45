import type { Schedule, Task } from '@reeve/core';
import { wishedSchedule } from '@reeve/core/testing';
import { describe, expect, it } from 'vitest';
import { LOCAL_OWNER } from '../people.ts';
import { estateForEach } from '../testing/estates.ts';
import type { Estate, House } from '../testing/house.ts';
import { delegating, typing } from '../testing/tasks.ts';
import { until } from '../testing/until.ts';
import { createScheduleRoom } from './schedule-room.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const GRACE = { externalId: '7', name: 'Grace' };
const FAMILY = { channel: 'http', externalId: 'family' };

let estate: Estate;
estateForEach('schedules', (fresh) => {
  estate = fresh;
});

const open = () => estate.open({ model: delegating() });

const notices = (house: House) =>
  house.channel.delivered.flatMap(({ about, content }) =>
    about.kind === 'notice' && content.kind === 'text' ? [content.markdown] : [],
  );

async function theSchedule(id: Schedule['id'] = 'S-1'): Promise<Schedule> {
  const schedule = await estate.store.schedules.get(id);
  if (!schedule) throw new Error(`there is no ${id}`);
  return schedule;
}

/** How far the next time lies ahead, so that a jump gets there whenever the test runs. */
async function untilNext(id?: Schedule['id']): Promise<number> {
  const { nextAt } = await theSchedule(id);
  if (!nextAt) throw new Error('it has no next time');
  return nextAt.getTime() - estate.clock.now().getTime();
}

const tasks = () => estate.store.tasks.list({ limit: 100 });

/** The newest run of S-1, paused before anybody takes it up. */
async function waitingRun(house: House, deadlineMs: number): Promise<Task> {
  const schedule = await theSchedule();
  const waiting = await estate.store.tasks.create({
    conversationId: schedule.conversationId,
    turnId: 'e',
    title: 'count',
    goal: 'count',
    origin: { kind: 'schedule', schedule: 'S-1' },
    priority: 3,
    capabilities: () => [],
    createdAt: estate.clock.now(),
    deadline: new Date(estate.clock.now().getTime() + deadlineMs),
  });
  await typing(house, `/pause ${waiting.id}`);
  await estate.store.schedules.update({ ...schedule, lastTask: waiting.id, version: schedule.version + 1 });
  return waiting;
}

/** Two looks of the dispatcher have gone by. */
async function afterLooks(house: House): Promise<void> {
  await house.coordinator.desk.status();
  await new Promise((resolve) => setTimeout(resolve, 2200));
}

describe('a schedule that the owner types', () => {
  it('is made at once, listed, runs when its time has come, and says so', async () => {
    const house = await open();
    expect(await typing(house, '/schedule')).toMatch(/^Nothing is scheduled/);
    const made = await typing(house, '/schedule every day at 08:00: fetch https://example.org/news');
    expect(made).toMatch(/^\*\*S-1\*\* is scheduled: every day at 08:00, UTC\. First: \w+/);
    expect(made).toContain('`/schedule remove S-1` ends it.');
    expect(await typing(house, '/schedule')).toContain(
      '**S-1** every day at 08:00, UTC: fetch https://example.org/news · next ',
    );
    expect(await typing(house, '/status')).toMatch(/Next scheduled.*\n- \*\*S-1\*\* fetch/);
    expect(await tasks()).toEqual([]);
    estate.clock.jump((await untilNext()) + 1);
    const task = await estate.reaches('T-1', 'succeeded');
    expect(task).toMatchObject({
      title: 'fetch https://example.org/news (S-1)',
      goal: 'fetch https://example.org/news',
      origin: { kind: 'schedule', schedule: 'S-1' },
    });
    expect(task.capabilities).toContain('http:example.org/**:get');
    expect(task.capabilities).toContain('file:drive/**:list,read');
    expect(task.capabilities.join()).not.toMatch(/drive\/\*\*:[a-z,]*(write|delete)/);
    expect(await theSchedule()).toMatchObject({ state: 'active', lastTask: 'T-1', skips: 0 });
    expect(await untilNext()).toBeGreaterThan(23 * HOUR);
    expect(notices(house)).toEqual([]);
    const why = await typing(house, '/why T-1');
    expect(why).toMatch(/\*\*S-1\*\* “fetch .*” began it: every day at 08:00, UTC; made by you, /);
    expect(why).toContain('Started by the schedule “S-1”');
    expect(await house.coordinator.desk.listSchedules()).toMatchObject([
      { schedule: { id: 'S-1' }, when: 'every day at 08:00, UTC' },
    ]);
  });

  it('is about the files that came with it', async () => {
    const house = await open();
    await house.coordinator.inbound.receive({
      updateId: 'with-a-file',
      text: '/schedule every Monday 09:00 read it to me',
      attachments: ['uploads/a.pdf'],
      chat: { channel: 'http', externalId: 'main' },
      sender: LOCAL_OWNER,
    });
    await until(async () => (await estate.store.schedules.get('S-1')) !== null, 'the schedule');
    expect(await theSchedule()).toMatchObject({
      title: 'read it to me',
      goal: "read it to me\n\n[The person attached, among the owner's files: uploads/a.pdf]",
    });
  });

  it('pauses, resumes, runs beside its times, and ends', async () => {
    const house = await open();
    await typing(house, '/schedule weekdays 07:30 water the plants');
    expect(await typing(house, '/schedule pause S-1')).toContain('S-1 is paused.');
    expect(await typing(house, '/schedule')).toContain('· paused');
    expect(await typing(house, '/schedule resume s1')).toContain('S-1 goes on. Next: ');
    const { nextAt } = await theSchedule();
    expect(await typing(house, '/schedule run S-1')).toContain('S-1 starts now');
    await estate.reaches('T-1', 'succeeded');
    expect(await theSchedule()).toMatchObject({ lastTask: 'T-1', nextAt });
    expect(await typing(house, '/schedule remove S-1')).toBe('S-1 has ended: water the plants.');
    expect(await typing(house, '/schedule run S-1')).toContain('That schedule has ended');
    expect(await typing(house, '/schedule')).toMatch(/^Nothing is scheduled/);
  });

  it.each([
    ['/schedule soon: water the plants', 'I cannot tell when it is to run'],
    ['/schedule every minute water the plants', 'more often than every 5 minutes'],
    ['/schedule every Monday 09:00', 'what is to be done'],
    ['/schedule pause', 'type /schedule pause S-1'],
    ['/schedule remove S-9', 'There is no such schedule'],
    ['/schedule remove everything', 'There is no such schedule'],
  ])('“%s” is refused in words', async (text, words) => {
    const house = await open();
    expect(await typing(house, text)).toContain(words);
    expect(await estate.store.schedules.standing()).toEqual([]);
  });

  it('is made once, and noted once, when its message is handled again after a kill', async () => {
    const first = await open();
    await first.say('hello', 'hello');
    // Dies with the schedule made and the message not yet answered.
    first.mortal.dieAfter(2);
    await first.say('/schedule hourly count', 'once').catch(() => undefined);
    await until(() => first.mortal.isDead(), 'the kill');
    await first.crash();
    const second = await open();
    await until(
      () => second.channel.texts().find((text) => text.includes('**S-1** is scheduled')),
      'the answer',
    );
    expect(await estate.store.schedules.standing()).toHaveLength(1);
    expect(await estate.store.audit.about('S-1', 9)).toHaveLength(1);
  });

  it('is one of a hundred at most', async () => {
    const house = await open();
    for (let count = 0; count < 100; count += 1)
      await estate.store.schedules.create(
        wishedSchedule({
          conversationId: (await house.say('hello', 'hello')).conversationId,
          request: `r${count}`,
          nextAt: new Date(estate.clock.now().getTime() + DAY),
        }),
      );
    expect(await typing(house, '/schedule hourly one more')).toContain('There are 100 schedules already');
  });
});

describe('a schedule of a member', () => {
  it('is theirs to change and nobody else’s but the owner’s, and ends when they are removed', async () => {
    const house = await open();
    await typing(house, '/people add http 7 member Grace');
    await typing(house, '/people add http 8 member Linus');
    const linus = { externalId: '8', name: 'Linus' };
    expect(await typing(house, '/schedule hourly count https://example.org', GRACE, FAMILY)).toContain(
      '**S-1**',
    );
    await typing(house, '/schedule hourly mine');
    expect(await typing(house, '/schedule pause S-1', linus, FAMILY)).toContain('made by somebody else');
    expect(await typing(house, '/schedule pause S-2', GRACE, FAMILY)).toContain('There is no such schedule');
    expect(await typing(house, '/schedule', GRACE, FAMILY)).not.toContain('S-2');
    expect(await typing(house, '/schedule pause S-1', GRACE, FAMILY)).toContain('S-1 is paused');
    expect(await typing(house, '/schedule resume S-1')).toContain('S-1 goes on');
    await typing(house, '/schedule remove S-2');
    expect(await typing(house, '/schedule run S-1', GRACE, FAMILY)).toContain('S-1 starts now');
    expect((await estate.reaches('T-1', 'succeeded')).capabilities.join()).not.toContain('http:');
    await typing(house, '/people remove http 7');
    estate.clock.jump((await untilNext()) + 1);
    await until(async () => (await theSchedule()).state === 'ended', 'its end');
    expect(await tasks()).toHaveLength(1);
  });
});

describe('what is due', () => {
  it('is started once by two coordinators that look in the same moment', async () => {
    const house = await open();
    await typing(house, '/schedule hourly count');
    await house.stop();
    estate.clock.jump((await untilNext()) + 1);
    let made = 0;
    const room = () =>
      createScheduleRoom({
        store: estate.store,
        taskDesk: {
          createWithin: async (records, { title, goal, origin, entry }) => {
            made += 1;
            const task = await records.tasks.create({
              ...entry,
              turnId: entry.id,
              title,
              goal,
              origin,
              priority: 3,
              capabilities: () => [],
              createdAt: estate.clock.now(),
              deadline: new Date(estate.clock.now().getTime() + DAY),
            });
            return {
              task,
              audit: { event: 'task-created', actor: 'coordinator', subject: task.id, detail: {} },
            };
          },
        },
        people: { roleOf: () => 'owner' },
        clock: estate.clock,
        newId: () => crypto.randomUUID(),
        timeZone: () => 'UTC',
        onWritten: () => undefined,
      });
    await Promise.all(Array.from({ length: 8 }, () => room().fireDue()));
    expect(made).toBeGreaterThan(0);
    expect(await tasks()).toHaveLength(1);
  });

  it('is started once whenever a coordinator is killed', async () => {
    for (const transactions of [1, 2, 3, 4]) {
      const first = await open();
      const text = `/schedule hourly count ${transactions}`;
      const id = /S-\d+/.exec(await typing(first, text))?.[0] as Schedule['id'];
      const before = (await tasks()).length;
      first.mortal.dieAfter(transactions);
      estate.clock.jump((await untilNext(id)) + 1);
      await until(() => first.mortal.isDead(), 'the kill');
      await first.crash();
      const second = await open();
      await until(async () => (await theSchedule(id)).lastTask, 'its run');
      await until(async () => (await estate.store.tasks.live()).length === 0, 'the task’s end');
      expect((await tasks()).length).toBe(before + 1);
      await typing(second, `/schedule remove ${id}`);
      await second.stop();
    }
  });

  it('is made up for by one run when Reeve was down, with a line that says when it was due', async () => {
    const first = await open();
    await typing(first, '/schedule hourly count');
    await first.stop();
    estate.clock.jump((await untilNext()) + 5 * HOUR);
    const second = await open();
    await estate.reaches('T-1', 'succeeded');
    const line = await until(() => notices(second)[0], 'the line');
    expect(line).toMatch(
      /^S-1 “count” was due \w.* and starts only now, as T-1\. Times missed since then are not made up for\.$/,
    );
    await afterLooks(second);
    expect(await tasks()).toHaveLength(1);
    expect(await untilNext()).toBeGreaterThan(0);
  });

  it('once and missed by less than a day is done late, by more is not done and said so', async () => {
    const first = await open();
    await typing(first, '/schedule in 10 minutes: call home');
    await typing(first, '/schedule in 30 hours: call mother');
    await first.stop();
    estate.clock.jump(35 * HOUR);
    const second = await open();
    await estate.reaches('T-1', 'succeeded');
    expect((await theSchedule('S-2')).state).toBe('ended');
    const said = await until(() => notices(second).length === 2 && notices(second), 'both lines');
    expect(said[0]).toMatch(/^\*\*Not done\*\*: S-1 “call home” was due .*, more than a day ago\./);
    expect(said[1]).toMatch(/^S-2 “call mother” was due .* and starts only now, as T-1\.$/);
    expect((await theSchedule('S-1')).state).toBe('ended');
    expect(await typing(second, '/why T-1')).toMatch(/\*\*S-2\*\* “call mother” began it: .* It has ended\./);
  });

  it('is left out while the former run lives, which is said once', async () => {
    const house = await open();
    await typing(house, '/schedule hourly count');
    await typing(house, '/schedule run S-1');
    await estate.reaches('T-1', 'succeeded');
    const waiting = await waitingRun(house, 14 * DAY);
    expect(await typing(house, '/schedule run S-1')).toContain('Its former run still goes on: T-2');
    for (const skips of [1, 2]) {
      estate.clock.jump((await untilNext()) + 1);
      await until(async () => (await theSchedule()).skips === skips, `left out ${skips} times`);
    }
    expect(notices(house).filter((line) => line.startsWith('**Left out**'))).toHaveLength(1);
    expect(await typing(house, '/schedule pause S-1')).toContain('Its run T-2 still goes on; `/cancel T-2`');
    await typing(house, '/schedule resume S-1');
    await typing(house, `/cancel ${waiting.id}`);
    estate.clock.jump((await untilNext()) + 1);
    await until(async () => (await theSchedule()).lastTask === 'T-3', 'the next run');
    expect(await theSchedule()).toMatchObject({ skips: 0 });
  });

  it('is over, and says so, when its only time comes while a run by hand still goes on', async () => {
    const house = await open();
    await typing(house, '/schedule in 10 minutes: count');
    await waitingRun(house, DAY);
    estate.clock.jump(11 * MINUTE);
    const [said] = await until(() => notices(house).length > 0 && notices(house), 'the line');
    expect(said).toMatch(/still goes on\. That was its only time, so S-1 has ended\.$/);
  });

  it('reads what a member may when the owner who made it has become one', async () => {
    const house = await open();
    await typing(house, '/people add http 7 owner Grace');
    await typing(house, '/schedule hourly look at https://example.org', GRACE, FAMILY);
    await typing(house, '/people add http 7 member Grace');
    estate.clock.jump((await untilNext()) + 1);
    expect((await estate.reaches('T-1', 'succeeded')).capabilities.join()).not.toContain('http:');
  });

  it('is neither missed nor doubled by a clock that jumps an hour ahead and back', async () => {
    const house = await open();
    await typing(house, '/schedule every day at 12:00 count');
    const ahead = await untilNext();
    estate.clock.jump(ahead - 30 * MINUTE);
    estate.clock.jump(HOUR);
    await estate.reaches('T-1', 'succeeded');
    estate.clock.jump(-HOUR);
    await afterLooks(house);
    estate.clock.jump(40 * MINUTE);
    await afterLooks(house);
    expect(await tasks()).toHaveLength(1);
    estate.clock.jump(-HOUR);
    await afterLooks(house);
    estate.clock.jump(DAY + HOUR);
    await estate.reaches('T-2', 'succeeded');
    expect(await tasks()).toHaveLength(2);
  });
});
