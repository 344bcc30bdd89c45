import {
  type DeclareRequest,
  type EffectReply,
  failureText,
  type Permit,
  type Records,
  SCHEDULE_TOOL,
  type ScheduleRule,
  type Store,
  type Task,
  toolParameters,
} from '@reeve/core';
import { z } from 'zod';
import {
  answerFor,
  type EffectOfTask,
  type PermittedEffectDeps,
  perform,
  Refused,
  usablePermit,
} from '../permitted-effect.ts';
import { readWhenOnly } from './read-when.ts';
import { nextText, whenText } from './say-when.ts';
import { type ScheduleDesk, titleOf } from './schedule-desk.ts';

/** What a worker's schedule comes to, as the card shows it: the words it was asked for in, and what they were read as. */
const argumentsSchema = z.strictObject({
  title: z.string(),
  goal: z.string(),
  when: z.string(),
  /** A cron expression, or one moment. */
  rule: z.string(),
  timeZone: z.string(),
});

/**
 * Reads a worker's words about time. “Tomorrow” counts from when the worker wrote the call down, so that a yes days and
 * restarts later is about the same moment.
 */
export async function resolveSchedule(
  { store, timeZone }: { store: Store; timeZone: string },
  task: Task,
  request: Pick<DeclareRequest, 'callId' | 'arguments'>,
): Promise<
  | { readonly kind: 'arguments'; readonly arguments: z.infer<typeof argumentsSchema> }
  | { readonly kind: 'refused'; readonly reason: string }
> {
  const asked = toolParameters[SCHEDULE_TOOL].safeParse(request.arguments);
  if (!asked.success)
    return { kind: 'refused', reason: `Not a usable schedule: ${z.prettifyError(asked.error)}` };
  const { goal, when } = asked.data;
  const now = await writtenAt(store, task, request.callId);
  const reading = readWhenOnly(when, { now, timeZone });
  if (reading.kind === 'failed') return { kind: 'refused', reason: failureText(reading.failure) };
  const { rule } = reading;
  return {
    kind: 'arguments',
    arguments: {
      title: titleOf(goal),
      goal,
      when: whenText(reading),
      rule: rule.kind === 'cron' ? rule.expression : rule.at.toISOString(),
      timeZone: reading.timeZone,
    },
  };
}

async function writtenAt(store: Store, task: Task, callId: string): Promise<Date> {
  const steps = await store.steps.list(task.id);
  const intent = steps.find(({ body }) => body.kind === 'intent' && body.callId === callId);
  return intent ? new Date(intent.at) : task.createdAt;
}

/** Schedules that workers ask for. */
export interface ScheduleEffects {
  /** Makes the one that the permit names; the same call makes one only. */
  create(effect: EffectOfTask): Promise<EffectReply>;
}

export function createScheduleEffects(
  deps: PermittedEffectDeps & {
    schedules: Pick<ScheduleDesk, 'createWithin'>;
    /** The owner's. */
    timeZone: () => string;
  },
): ScheduleEffects {
  return {
    create: (effect) =>
      answerFor(async () => {
        const permit = await usablePermit(deps, effect, SCHEDULE_TOOL);
        return perform(deps, effect, permit, {
          prepare: (records) => makerOf(records, effect),
          async work(records, maker) {
            const made = await deps.schedules.createWithin(records, { ...maker, ...wordsOf(permit) });
            if (made.kind === 'failed') throw new Refused(failureText(made.failure));
            const { schedule, audit } = made.value;
            if (audit) await records.audit.append(audit, deps.clock.now());
            const first = schedule.nextAt
              ? ` First: ${nextText(schedule.nextAt, deps.clock.now(), deps.timeZone())}.`
              : '';
            return `Scheduled as ${schedule.id}: ${whenText(schedule)}.${first} /schedule remove ${schedule.id} ends it.`;
          },
        });
      }),
  };
}

/** It belongs to whoever started the task: they may change it, and their reach bounds its runs. */
async function makerOf(records: Records, effect: EffectOfTask) {
  const task = await records.tasks.get(effect.task);
  const conversation = task && (await records.conversations.get(task.conversationId));
  const sender = task && (await records.inbox.senderOf(task.turnId));
  if (!conversation || !sender)
    throw new Refused('Nobody can be told to be behind this task, so it makes no schedules.');
  return {
    conversationId: conversation.id,
    turnId: task.turnId,
    origin: task.origin,
    madeBy: { channel: conversation.chat.channel, externalId: sender },
    task: task.id,
    request: `${task.id}/${effect.callId}`,
  };
}

function wordsOf({ call }: Permit): {
  readonly title: string;
  readonly goal: string;
  readonly rule: ScheduleRule;
  readonly timeZone: string;
} {
  const { title, goal, rule, timeZone } = argumentsSchema.parse(call.arguments);
  const isCron = rule.includes(' ');
  return {
    title,
    goal,
    timeZone,
    rule: isCron ? { kind: 'cron', expression: rule } : { kind: 'once', at: new Date(rule) },
  };
}
