import type { ApiEvent } from '@reeve/channel-http';
import type { TaskState } from '@reeve/core';
import type { ApiProblem } from './api-error.ts';
import { cardTitle } from './card-text.ts';
import { createChatView } from './chat-view.ts';
import type { ConnectionEvent } from './event-follower.ts';
import { createStyle } from './style.ts';

/** Prints the course of a script chat, as JSON lines or as a transcript that people read. */
export interface ScriptReport {
  accepted(accepted: { turnId: string; conversationId: string; duplicate: boolean }): void;
  event(event: ApiEvent): void;
  connection(event: ConnectionEvent): void;
  decided(code: string, decision: 'once' | 'deny'): void;
  /** A question that could not be answered, such as one that somebody else had answered already. */
  undecided(code: string, problem: ApiProblem): void;
  /** Reeve refused the message. */
  problem(problem: ApiProblem): void;
  ended(exitCode: number, reason: string, tasks: Readonly<Record<string, TaskState>>): void;
}

interface ReportOptions {
  readonly json: boolean;
  readonly write: (line: string) => void;
}

export function createScriptReport({ json, write }: ReportOptions): ScriptReport {
  return json ? createJsonReport(write) : createTranscript(write);
}

/** One object a line: first `accepted`, then the events of `GET /v1/events` as they are, last `ended`. */
function createJsonReport(write: (line: string) => void): ScriptReport {
  const print = (line: object) => write(JSON.stringify(line));
  return {
    accepted: (accepted) => print({ kind: 'accepted', ...accepted }),
    event: print,
    connection: print,
    decided: (code, decision) => print({ kind: 'decided', code, decision }),
    undecided: (code, problem) =>
      print({ kind: 'undecided', code, problem: problem.code, detail: problem.message }),
    problem: (problem) => print({ kind: 'problem', code: problem.code, detail: problem.message }),
    ended: (exitCode, reason, tasks) => print({ kind: 'ended', exitCode, reason, tasks }),
  };
}

/** Wide enough for most lines; whoever reads it on a terminal gets the rest wrapped. */
const WIDTH = 100;

function createTranscript(write: (line: string) => void): ScriptReport {
  const view = createChatView(createStyle(false));
  const shown = new Map<string, string>();

  /** A running task's card again only when more than its clock changed. */
  function progressLine(event: ApiEvent): string | null {
    if (event.kind !== 'card' || event.about.kind !== 'task-card') return null;
    const [step] = event.card.blocks.filter((block) => block.kind === 'progress');
    const look = `${event.about.state} ${step?.text ?? ''}`;
    if (!step || shown.get(event.key) === look) return null;
    shown.set(event.key, look);
    return cardTitle(event.card);
  }

  return {
    accepted: () => undefined,
    event(event) {
      const progress = progressLine(event);
      if (progress !== null) write(progress);
      for (const line of view.apply(event, WIDTH)) write(line);
    },
    connection: (event) =>
      write(event.state === 'lost' ? 'Connection to Reeve lost; trying again.' : 'Connected again.'),
    decided: (code, decision) =>
      write(decision === 'once' ? `Answered ${code}: once.` : `Answered ${code}: deny.`),
    undecided: (code, problem) => write(`${code} was not answered: ${problem.message}`),
    problem: () => undefined,
    ended: () => undefined,
  };
}
