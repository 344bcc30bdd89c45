import { shorten, showHiddenInLine, type Task, type TaskId, taskIdSchema } from '@reeve/core';
import { always } from './always-command.ts';
import {
  answer,
  type Command,
  type CommandAnswer,
  type CommandCall,
  type CommandDeps,
  failed,
} from './command-registry.ts';
import { config, model, undoSetting, voice } from './config-command.ts';
import { connect } from './connect-command.ts';
import { people } from './people-command.ts';
import { approve, deny, edit, happened } from './question-commands.ts';
import { revoke } from './revoke-command.ts';
import { schedule } from './schedules/schedule-command.ts';
import { memberStatusText, statusText, taskLine } from './status.ts';
import { seesTask } from './task-reach.ts';
import { choose, start } from './tour-command.ts';
import { whyText } from './why.ts';
import { bytesText, countText, spanText } from './wording.ts';

const RECENT_TASKS = 15;

const help: Command = {
  name: 'help',
  usage: '',
  description: 'what can be typed here',
  ownerOnly: false,
  run: async (_deps, call) => {
    const lines = [...COMMANDS.values()]
      .filter((command) => !command.ownerOnly || call.role === 'owner')
      .map(
        (command) =>
          `- \`/${command.name}${command.usage === '' ? '' : ` ${command.usage}`}\`: ${command.description}`,
      );
    return answer(['Say what you want done in your own words, or type:', '', ...lines].join('\n'));
  },
};

const status: Command = {
  name: 'status',
  usage: '',
  description: 'what runs, what waits for you, what is queued',
  ownerOnly: false,
  run: async (deps, call) => {
    const view = await deps.status();
    const now = deps.clock.now();
    if (call.role === 'owner') return answer(statusText(view, now, deps.timeZone()));
    return answer(memberStatusText(view, (task) => seesTask(call, task), now));
  },
};

const tasks: Command = {
  name: 'tasks',
  usage: '',
  description: 'the most recent tasks',
  ownerOnly: false,
  run: async (deps, call) => {
    const where = call.role === 'owner' ? {} : { conversationId: call.entry.conversationId };
    const recent = await deps.store.tasks.list({ ...where, limit: RECENT_TASKS });
    if (recent.length === 0) return answer('There are no tasks yet.');
    return answer(recent.map((task) => `- ${taskLine(task, deps.clock.now())}`).join('\n'));
  },
};

const cancel: Command = {
  name: 'cancel',
  usage: '[T-3 | all | answer]',
  description: 'end a task now, or all of them; with nothing after it, break off the answer being made',
  ownerOnly: false,
  run: async (deps, call) => {
    const actor = `person:${call.entry.sender.name}`;
    const isForAll = call.rest.toLowerCase() === 'all';
    if (call.rest.toLowerCase() === 'answer')
      return answer(
        deps.stopTurn(call) ? 'The answer was broken off.' : 'The answer was complete already. Tasks go on.',
      );
    const isStopped = (isForAll || call.rest === '') && deps.stopTurn(call);
    if (isStopped && !isForAll) return answer('The answer was broken off.');
    const live = (await deps.store.tasks.live()).filter((task) => seesTask(call, task));
    if (isForAll) return cancelAll(deps, live, actor, isStopped);
    if (call.rest === '' && live.length === 1 && live[0]) return cancelOne(deps, live[0].id, actor);
    if (call.rest === '' && live.length === 0)
      return answer('Nothing is running, so there is nothing to cancel.');
    if (call.rest === '')
      return answer(`Which one? Type /cancel with ${live.map((task) => task.id).join(', ')} or “all”.`);
    return withTask(call, (id) => cancelOne(deps, id, actor));
  },
};

async function cancelOne(deps: CommandDeps, id: TaskId, actor: string): Promise<CommandAnswer> {
  const outcome = await deps.taskDesk.cancel(id, actor);
  return outcome.kind === 'ok'
    ? answer(`${id} was cancelled.`)
    : { kind: 'failed', failure: outcome.failure };
}

async function cancelAll(
  deps: CommandDeps,
  live: readonly Task[],
  actor: string,
  isStopped: boolean,
): Promise<CommandAnswer> {
  const outcomes = await Promise.all(live.map((task) => deps.taskDesk.cancel(task.id, actor)));
  const ended = outcomes.flatMap((outcome) => (outcome.kind === 'ok' ? [outcome.value.id] : []));
  const stopped = isStopped ? ['The answer was broken off.'] : [];
  const cancelled =
    ended.length === 0 ? [] : [`Cancelled ${countText(ended.length, 'task')}: ${ended.join(', ')}.`];
  return answer([...stopped, ...cancelled].join(' ') || 'Nothing was running.');
}

type TaskDeed = 'pause' | 'resume' | 'hurry';

/** A command that does one thing to the task it names. */
function deedCommand(
  given: Pick<Command, 'name' | 'description' | 'ownerOnly'> & {
    readonly deed: TaskDeed;
    readonly done: (id: TaskId) => string;
  },
): Command {
  const { deed, done, ...command } = given;
  return {
    ...command,
    usage: 'T-3',
    run: async (deps, call) =>
      withTask(call, async (id) => {
        const outcome = await deps.taskDesk[deed](id, `person:${call.entry.sender.name}`);
        return outcome.kind === 'ok' ? answer(done(id)) : { kind: 'failed', failure: outcome.failure };
      }),
  };
}

const pause = deedCommand({
  name: 'pause',
  description: 'let a task rest; its scratch files are kept',
  ownerOnly: false,
  deed: 'pause',
  done: (id) => `${id} is paused. /resume ${id} lets it go on.`,
});

const resume = deedCommand({
  name: 'resume',
  description: 'let a paused task go on',
  ownerOnly: false,
  deed: 'resume',
  done: (id) => `${id} goes on.`,
});

const urgent = deedCommand({
  name: 'urgent',
  description: 'let a task speak in your quiet hours, too',
  ownerOnly: true,
  deed: 'hurry',
  done: (id) => `${id} is urgent: its result and its questions come in your quiet hours, too.`,
});

const tell: Command = {
  name: 'tell',
  usage: 'T-3 words',
  description: 'add something to a running task',
  ownerOnly: false,
  run: async (deps, call) => {
    const [first = '', ...words] = call.rest.split(/\s+/);
    const id = taskIdSchema.safeParse(first);
    if (!id.success)
      return first === ''
        ? failed('command-usage', 'type /tell T-3 words')
        : failed('task-unknown', shorten(first, 40));
    if (words.length === 0) return failed('command-usage', 'type /tell T-3 words');
    const kind = call.role === 'owner' ? 'owner' : 'member';
    const outcome = await deps.taskDesk.steer(id.data, words.join(' '), {
      kind,
      person: call.entry.sender.name,
    });
    return outcome.kind === 'ok'
      ? answer(`Passed on to ${id.data}.`)
      : { kind: 'failed', failure: outcome.failure };
  },
};

const why: Command = {
  name: 'why',
  usage: 'T-3',
  description: 'what a task did, step by step, and on whose word',
  ownerOnly: false,
  run: async (deps, call) =>
    withTask(call, async (id) => {
      const task = await deps.store.tasks.get(id);
      const text = task && seesTask(call, task) ? await whyText(deps.store, id, deps.timeZone()) : null;
      return text === null ? failed('task-unknown', id) : answer(text);
    }),
};

const files: Command = {
  name: 'files',
  usage: '[prefix]',
  description: 'your files',
  ownerOnly: true,
  run: async (deps, call) => {
    const found = await deps.store.files.list(call.rest, 200);
    if (found.length === 0)
      return answer(call.rest === '' ? 'There are no files yet.' : 'No file’s name starts with that.');
    return answer(
      found
        .map(
          (file) =>
            `- ${showHiddenInLine(file.path)} (${bytesText(file.bytes)}, ${spanText(deps.clock.now().getTime() - Date.parse(file.modifiedAt))} ago)`,
        )
        .join('\n'),
    );
  },
};

const undo: Command = {
  name: 'undo',
  usage: '[file]',
  description:
    'take your newest change of a setting back; with a file, bring it back as it was before its last change',
  ownerOnly: true,
  run: async (deps, call) => {
    if (call.rest === '') return undoSetting(deps, call);
    const outcome = await deps.drive.restore(call.rest, call.entry.sender.name);
    return outcome.kind === 'ok'
      ? answer(`${shorten(outcome.value.path, 200)} is back as it was (${bytesText(outcome.value.bytes)}).`)
      : { kind: 'failed', failure: outcome.failure };
  },
};

async function withTask(
  call: CommandCall,
  run: (id: TaskId) => Promise<CommandAnswer>,
): Promise<CommandAnswer> {
  if (call.rest === '') return failed('command-usage', `type /${call.name} T-3`);
  const id = taskIdSchema.safeParse(call.rest);
  return id.success ? run(id.data) : failed('task-unknown', shorten(call.rest, 40));
}

/** Every slash command, in the order of `/help`. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [
    help,
    start,
    choose,
    status,
    tasks,
    cancel,
    pause,
    resume,
    tell,
    urgent,
    schedule,
    approve,
    deny,
    edit,
    happened,
    revoke,
    why,
    files,
    undo,
    always,
    config,
    model,
    voice,
    connect,
    people,
  ].map((command) => [command.name, command]),
);
