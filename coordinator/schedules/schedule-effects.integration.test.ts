import { describe, expect, it } from 'vitest';
import { estateForEach } from '../testing/estates.ts';
import { type Estate, succeed } from '../testing/house.ts';
import type { Work } from '../testing/scripted-launcher.ts';
import { carriesOut, delegating } from '../testing/tasks.ts';
import { until } from '../testing/until.ts';

const DAY = 24 * 60 * 60_000;

let estate: Estate;
estateForEach('schedule-effects', (fresh) => {
  estate = fresh;
});

const CALL = 's1.1';
const GOAL = 'count the files, https://example.org';

/** A worker that asks for a schedule; whatever a schedule starts ends at once. */
const asksFor =
  (args: object): Work =>
  async (executor) => {
    const asking = carriesOut(
      (each) => each.declare(CALL, 'schedule.create', args),
      (each, permit) => each.createSchedule(CALL, permit),
    );
    return executor.assignment.task.origin.kind === 'schedule' ? succeed(executor) : asking(executor);
  };

const schedules = () => estate.store.schedules.standing();

describe('a worker that asks for a schedule', () => {
  it('gets a question that offers no standing yes, and one schedule for its yes, killed or not', async () => {
    const plan = {
      model: delegating(),
      work: asksFor({ when: 'every Monday 09:00', goal: GOAL }),
      settings: { timeZone: 'Europe/Paris' },
    };
    const first = await estate.open(plan);
    await first.say('start plans');
    const { code, call, tier } = await estate.openQuestion();
    expect(tier).toBe('change');
    expect(call.arguments).toEqual({
      title: GOAL,
      goal: GOAL,
      when: 'every Monday at 09:00, Europe/Paris',
      rule: '0 9 * * 1',
      timeZone: 'Europe/Paris',
    });
    const always = await first.coordinator.inbound.decide({
      code,
      decision: { kind: 'approve', scope: 'always' },
      chat: { channel: 'http', externalId: 'main' },
      sender: { externalId: 'owner', name: 'owner' },
    });
    expect(always).toMatchObject({ kind: 'refused', failure: { code: 'approval-scope' } });
    await first.crash();
    const second = await estate.open(plan);
    expect(await schedules()).toEqual([]);
    await second.decide(code);
    await estate.reaches('T-1', 'succeeded');
    expect(await schedules()).toMatchObject([
      { id: 'S-1', title: GOAL, goal: GOAL, task: 'T-1', request: 'T-1/s1.1', timeZone: 'Europe/Paris' },
    ]);
    const [step] = await estate.store.steps.list('T-1');
    expect(step?.body).toMatchObject({
      ok: true,
      content: expect.stringMatching(
        /^Scheduled as S-1: every Monday at 09:00, Europe\/Paris\. First: Mon .* \/schedule remove S-1 ends it\.$/,
      ),
    });
    // What a worker wrote names no hosts on the owner's word.
    estate.clock.jump(7 * DAY);
    expect((await estate.reaches('T-2', 'succeeded')).capabilities.join()).not.toContain('http:');
  });

  it('means the same moment by “tomorrow” when the yes comes after a restart on another day', async () => {
    const plan = {
      model: delegating(),
      work: asksFor({ when: 'in 60 hours', goal: GOAL }),
      settings: { timeZone: 'UTC', holdMs: 200 },
    };
    const first = await estate.open(plan);
    await first.say('start plans');
    const { code, call } = await estate.openQuestion();
    await first.stop();
    estate.clock.jump(2 * DAY);
    const second = await estate.open(plan);
    await second.decide(code);
    await estate.reaches('T-1', 'succeeded');
    const [schedule] = await schedules();
    expect(schedule?.nextAt?.toISOString()).toBe(call.arguments['rule']);
  });

  it.each([
    ['deny', { when: 'every Monday 09:00', goal: GOAL }, /^DENIED by the owner/],
    [null, { when: 'every minute', goal: GOAL }, /more often than every 5 minutes/],
    [null, { when: 'whenever', goal: GOAL }, /I cannot tell when it is to run: “whenever”/],
    [null, { when: 'every Monday 09:00 and then', goal: GOAL }, /“and then”/],
    [null, { when: 'daily 08:00' }, /Not a usable schedule/],
  ] as const)('gets none for “%s” and %j', async (answer, args, words) => {
    const house = await estate.open({ model: delegating(), work: asksFor(args) });
    await house.say('start plans');
    if (answer) await house.decide((await estate.openQuestion()).code, answer);
    const step = await until(async () => (await estate.store.steps.list('T-1'))[0], 'its step');
    expect(step.body).toMatchObject({ ok: false, content: expect.stringMatching(words) });
    expect(await schedules()).toEqual([]);
  });

  it('gets none from what a schedule started', async () => {
    const house = await estate.open({
      model: delegating(),
      work: carriesOut(
        (each) => each.declare(CALL, 'schedule.create', { when: 'daily 08:00', goal: GOAL }),
        (each, permit) => each.createSchedule(CALL, permit),
      ),
    });
    await house.say('/schedule in 10 minutes: make more of yourself');
    await until(async () => (await schedules())[0], 'the schedule');
    estate.clock.jump(DAY / 100);
    const step = await until(async () => (await estate.store.steps.list('T-1'))[0], 'its step');
    expect(step.body).toMatchObject({ ok: false, content: expect.stringContaining('makes no schedules') });
  });
});
