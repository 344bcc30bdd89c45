import {
  type Outcome,
  type Schedule,
  type ScheduleId,
  scheduleIdSchema,
  shorten,
  showHidden,
  showHiddenInLine,
} from '@reeve/core';
import {
  answer,
  type Command,
  type CommandAnswer,
  type CommandCall,
  type CommandDeps,
  failed,
} from '../command-registry.ts';
import { goalWith } from '../context/attachments.ts';
import { originOf } from '../people.ts';
import { momentText } from '../wording.ts';
import { readWhen } from './read-when.ts';
import { nextText, whenText } from './say-when.ts';
import { titleOf } from './schedule-desk.ts';

const USAGE = 'type /schedule every Monday 09:00 and what is to be done';
const SHOWN_GOAL = 600;

export const schedule: Command = {
  name: 'schedule',
  usage: '[every Monday 09:00 words | pause S-1 | resume S-1 | run S-1 | remove S-1]',
  description: 'jobs that start by themselves: the list of them, a new one, or what to do with one',
  ownerOnly: false,
  run: async (deps, call) => {
    if (call.rest === '') return list(deps, call);
    const [verb = '', named = '', ...more] = call.rest.split(/\s+/);
    const deed = DEEDS.get(verb.toLowerCase());
    if (!deed) return make(deps, call);
    const id = scheduleIdSchema.safeParse(named);
    if (named === '' || more.length > 0)
      return failed('command-usage', `type /schedule ${verb.toLowerCase()} S-1`);
    return id.success ? deed(deps, call, id.data) : failed('schedule-unknown', shorten(named, 40));
  },
};

type Deed = (deps: CommandDeps, call: CommandCall, id: ScheduleId) => Promise<CommandAnswer>;

const DEEDS: ReadonlyMap<string, Deed> = new Map<string, Deed>([
  [
    'pause',
    async ({ schedules }, call, id) => {
      const paused = await schedules.pause(id, call);
      const still = await stillRunning(schedules, paused);
      return told(paused, () => `${id} is paused. \`/schedule resume ${id}\` lets it go on.${still}`);
    },
  ],
  [
    'resume',
    async ({ schedules, timeZone, clock }, call, id) =>
      told(await schedules.resume(id, call), (resumed) =>
        resumed.nextAt
          ? `${id} goes on. Next: ${nextText(resumed.nextAt, clock.now(), timeZone())}.`
          : `The time of ${id} has passed, so it has ended.`,
      ),
  ],
  [
    'remove',
    async ({ schedules }, call, id) => {
      const removed = await schedules.remove(id, call);
      const still = await stillRunning(schedules, removed);
      return told(removed, ({ title }) => `${id} has ended: ${nameOf(title)}.${still}`);
    },
  ],
  ['run', run],
]);

/** Times are one thing, a run that has begun another: whoever ends the times may mean both. */
async function stillRunning(
  schedules: CommandDeps['schedules'],
  changed: Outcome<Schedule>,
): Promise<string> {
  const task = changed.kind === 'ok' ? await schedules.livingRun(changed.value) : null;
  return task === null ? '' : ` Its run ${task} still goes on; \`/cancel ${task}\` ends that, too.`;
}

async function run(deps: CommandDeps, call: CommandCall, id: ScheduleId): Promise<CommandAnswer> {
  const found = await deps.schedules.reach(id, call);
  if (found.kind === 'failed') return found;
  const former = await deps.schedules.livingRun(found.value);
  if (former) return failed('schedule-busy', former);
  const actor = `person:${call.entry.sender.name}`;
  return answer(`${id} starts now, beside its times: ${nameOf(found.value.title)}.`, (records) =>
    deps.schedules.runWithin(records, found.value, actor),
  );
}

/** The person's own words, so nothing is asked. The same message made twice makes one. */
async function make(deps: CommandDeps, call: CommandCall): Promise<CommandAnswer> {
  const { entry, role } = call;
  const reading = readWhen(call.rest, { now: entry.receivedAt, timeZone: deps.timeZone() });
  if (reading.kind === 'failed') return reading;
  const { rule, timeZone, rest } = reading;
  if (rest === '') return failed('command-usage', USAGE);
  const made = await deps.schedules.create({
    conversationId: entry.conversationId,
    turnId: entry.id,
    title: titleOf(rest),
    goal: goalWith(rest, entry.attachments),
    rule,
    timeZone,
    origin: originOf(role, entry.sender, entry.forwardedFrom),
    madeBy: { channel: entry.chat.channel, externalId: entry.sender.externalId },
    task: null,
    request: entry.id,
  });
  return told(made, (it) => madeText(it, entry.receivedAt, deps.timeZone()));
}

function madeText(made: Schedule, now: Date, timeZone: string): string {
  const goal = showHidden(shorten(made.goal, SHOWN_GOAL));
  const first = made.nextAt ? ` First: ${nextText(made.nextAt, now, timeZone)}.` : '';
  return `**${made.id}** is scheduled: ${whenText(made)}.${first} To be done: ${goal}\n\n\`/schedule remove ${made.id}\` ends it.`;
}

async function list(deps: CommandDeps, call: CommandCall): Promise<CommandAnswer> {
  const standing = await deps.schedules.standing(call);
  if (standing.length === 0)
    return answer(`Nothing is scheduled. For a job that starts by itself, ${USAGE}.`);
  return answer(
    standing.map((each) => `- ${scheduleLine(each, call.entry.receivedAt, deps.timeZone())}`).join('\n'),
  );
}

function scheduleLine(each: Schedule, now: Date, timeZone: string): string {
  const next = each.nextAt ? `next ${nextText(each.nextAt, now, timeZone)}` : 'paused';
  const last = each.lastAt ? ` · last ${momentText(each.lastAt, timeZone)}, ${each.lastTask}` : '';
  return `**${each.id}** ${whenText(each)}: ${nameOf(each.title)} · ${next}${last}`;
}

function nameOf(title: string): string {
  return showHiddenInLine(title);
}

function told(outcome: Outcome<Schedule>, words: (schedule: Schedule) => string): CommandAnswer {
  return outcome.kind === 'ok' ? answer(words(outcome.value)) : outcome;
}
