import type { ApiClient } from './api-client.ts';
import { ApiProblem } from './api-error.ts';
import type { OpenQuestion } from './turn-watch.ts';

/** A task that a typed command lets go on. */
export interface ResumedTask {
  readonly id: string;
  /** Its other questions that wait for an answer. */
  readonly questions: readonly OpenQuestion[];
}

const COMMAND = /^\s*\/(?<name>approve|deny|happened|resume)(?:@\S+)?\s+(?<about>\S+)/i;

/** The task that `/approve`, `/deny`, `/happened` or `/resume` speaks of; null for any other message, and when there is no such. */
export async function resumedTask(
  client: Pick<ApiClient, 'getApproval' | 'getTask'>,
  message: string,
): Promise<ResumedTask | null> {
  const { name = '', about = '' } = COMMAND.exec(message)?.groups ?? {};
  if (name === '') return null;
  const isTask = name.toLowerCase() === 'resume';
  try {
    const approval = isTask ? null : await client.getApproval(about);
    // The cap of a day or month lets go on whatever waits, no task in particular.
    if (approval?.task === null) return null;
    const { id, approvals } = await client.getTask(approval?.task ?? about);
    const open = approvals.filter(({ state, code }) => state === 'pending' && code !== approval?.code);
    return { id, questions: open };
  } catch (error) {
    // Reeve's answer to the command itself says what is wrong with it.
    if (error instanceof ApiProblem && error.status === 404) return null;
    throw error;
  }
}
