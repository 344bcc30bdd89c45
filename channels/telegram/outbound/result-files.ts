import { type Desk, outputFolder, type TaskId } from '@reeve/core';

const MOST_FILES = 5;

/** The files that a task has stored for its person, for its result: each once, the last few of them. */
export async function filesOfResult(desk: Desk, taskId: TaskId): Promise<string[]> {
  const file = await desk.getTask(taskId);
  if (file.kind === 'failed' || file.value.task.state !== 'succeeded') return [];
  const { steps } = file.value;
  const done = new Set(steps.flatMap(({ body }) => (body.kind === 'result' && body.ok ? [body.callId] : [])));
  const paths = steps.flatMap(({ body }) => {
    if (body.kind !== 'intent' || body.tool !== 'files.put' || !done.has(body.callId)) return [];
    const { path, from } = body.arguments;
    if (typeof path === 'string') return [path];
    const name = typeof from === 'string' ? from.split('/').findLast((part) => part !== '') : undefined;
    return name === undefined ? [] : [`${outputFolder(taskId)}/${name}`];
  });
  return [...new Set(paths)].slice(-MOST_FILES);
}
