import {
  type ChatTool,
  parametersJsonSchema,
  parseToolArguments,
  shorten,
  type TaskId,
  taskIdSchema,
} from '@reeve/core';
import { z } from 'zod';

/** The coordinator's own tools. None of them touches the world. Wire names, as the model sees them. */
export const coordinatorToolParameters = {
  task_start: z.strictObject({
    title: z.string().trim().min(1).max(200).describe('A few words for the task card.'),
    goal: z.string().trim().min(1).max(20_000).describe('Everything the worker must know and deliver.'),
  }),
  task_steer: z.strictObject({ task: taskIdSchema, text: z.string().trim().min(1).max(4000) }),
  task_cancel: z.strictObject({ task: taskIdSchema }),
  task_pause: z.strictObject({ task: taskIdSchema }),
  task_resume: z.strictObject({ task: taskIdSchema }),
  task_inspect: z.strictObject({ task: taskIdSchema }),
  history_search: z.strictObject({ words: z.string().trim().min(1).max(500) }),
  files_list: z.strictObject({ prefix: z.string().max(1024).default('') }),
} as const;

export type CoordinatorToolName = keyof typeof coordinatorToolParameters;

const DESCRIPTIONS: Readonly<Record<CoordinatorToolName, string>> = {
  task_start: 'Hand a job to a sandboxed worker. Returns its id at once; its result comes later by itself.',
  task_steer: 'Tell a running task something: a correction, an addition.',
  task_cancel: 'End a task now.',
  task_pause: 'Pause a task until it is resumed.',
  task_resume: 'Let a paused task go on.',
  task_inspect: 'The state and latest steps of a task.',
  history_search: 'Older messages of this conversation that hold these words, word for word.',
  files_list: "The names and sizes of the owner's files.",
};

/** The tool list that goes with every coordinator call; the same bytes each time. */
export const COORDINATOR_TOOLS: readonly ChatTool[] = (
  Object.keys(coordinatorToolParameters) as CoordinatorToolName[]
).map((name) => ({
  type: 'function',
  function: {
    name,
    description: DESCRIPTIONS[name],
    parameters: parametersJsonSchema(coordinatorToolParameters[name]),
  },
}));

export type ParsedCall =
  | { readonly kind: 'task_start'; readonly title: string; readonly goal: string }
  | { readonly kind: 'task_steer'; readonly task: TaskId; readonly text: string }
  | { readonly kind: 'task_cancel' | 'task_pause' | 'task_resume' | 'task_inspect'; readonly task: TaskId }
  | { readonly kind: 'history_search'; readonly words: string }
  | { readonly kind: 'files_list'; readonly prefix: string }
  | { readonly kind: 'wrong'; readonly problem: string };

/** Reads one call of the model. What is wrong with it is said in words that the model can act on. */
export function parseCoordinatorCall(name: string, json: string): ParsedCall {
  if (!isCoordinatorTool(name))
    return {
      kind: 'wrong',
      problem: `There is no tool “${shorten(name, 60)}”. There are: ${Object.keys(coordinatorToolParameters).join(', ')}.`,
    };
  const read = parseToolArguments(json);
  if (read.kind === 'not-json')
    return { kind: 'wrong', problem: `The arguments of ${name} are not valid JSON. Nothing was done.` };
  const parsed = coordinatorToolParameters[name].safeParse(read.value);
  if (!parsed.success)
    return {
      kind: 'wrong',
      problem: `Wrong arguments for ${name}; nothing was done. ${z.prettifyError(parsed.error)}`,
    };
  return { kind: name, ...parsed.data } as ParsedCall;
}

function isCoordinatorTool(name: string): name is CoordinatorToolName {
  return Object.hasOwn(coordinatorToolParameters, name);
}
