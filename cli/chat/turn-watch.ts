import type { ApiEvent } from '@reeve/channel-http';
import type { Question, TaskState } from '@reeve/core';

/** A question that waits for an answer. */
export interface OpenQuestion {
  readonly code: string;
  readonly question: Question;
}

/** What has become of one message and the tasks that it started. */
export interface TurnWatch {
  /** Takes an event in. `isOwn` tells whether a task was started by this turn. */
  observe(event: ApiEvent, isOwn: (task: string) => boolean): void;
  /** Follows a task that this turn lets go on, with its open questions; dropped again when the turn comes to nothing. */
  follow(task: string, questions: readonly OpenQuestion[]): void;
  /** Corrects a task's state by what Reeve itself says of it. */
  correct(task: string, state: TaskState): void;
  /** Unsettled questions of the turn's own tasks that were not handed out before. */
  takeQuestions(): OpenQuestion[];
  /** `over`: answered, and every task ended and told its result. `waiting`: all that is left waits for a person. */
  standing(): 'going' | 'waiting' | 'over';
  /** True when the message itself came to nothing, as when no model answered. */
  hasFailed(): boolean;
  /** The turn's tasks and the newest state of each, in the order of their numbers. */
  tasks(): Record<string, TaskState>;
}

/**
 * Follows a turn by its events. The answer names the tasks; until it comes, cards may speak of tasks already. A task
 * is over when its result was delivered, which comes after its last card.
 */
export function createTurnWatch(turnId: string): TurnWatch {
  const states = new Map<string, TaskState>();
  const delivered = new Set<string>();
  const questions = new Map<string, OpenQuestion>();
  /** Which task asks a question, by its code; a question about a day's or month's cap belongs to none. */
  const askers = new Map<string, string>();
  const handedOut = new Set<string>();
  const followed = new Set<string>();
  let isAnswered = false;
  let hasFailed = false;

  function observeMessage(
    event: Extract<ApiEvent, { kind: 'message' }>,
    isOwn: (task: string) => boolean,
  ): void {
    const { about } = event;
    const isAnswer = about.kind === 'turn' && (about.turnId === turnId || about.also.includes(turnId));
    if (isAnswer || (about.kind === 'command' && about.turnId === turnId)) {
      isAnswered = true;
      hasFailed = about.failure !== undefined;
      if (hasFailed) for (const task of followed) states.delete(task);
    }
    if (isAnswer) {
      for (const task of about.tasks) if (!states.has(task)) states.set(task, 'queued');
    }
    if (about.kind === 'task-result' && isOwn(about.taskId)) {
      states.set(about.taskId, about.state);
      delivered.add(about.taskId);
    }
  }

  function observeCard(event: Extract<ApiEvent, { kind: 'card' }>, isOwn: (task: string) => boolean): void {
    const { about } = event;
    if (about.kind === 'task-card' && isOwn(about.taskId) && !delivered.has(about.taskId))
      states.set(about.taskId, about.state);
    if (about.kind !== 'approval-card') return;
    if (about.taskId === null) {
      observeCapCard(about, about.state);
      return;
    }
    if (!isOwn(about.taskId)) return;
    if (about.state === 'pending') {
      questions.set(about.code, about);
      askers.set(about.code, about.taskId);
      if (!delivered.has(about.taskId)) states.set(about.taskId, 'waiting');
    } else if (questions.delete(about.code) && states.get(about.taskId) === 'waiting') {
      states.set(about.taskId, 'running');
    }
  }

  /** A question about a day's or month's cap concerns whatever waits and asks nothing of its own. */
  function observeCapCard(question: OpenQuestion, state: string): void {
    if (state === 'pending') questions.set(question.code, question);
    else if (questions.delete(question.code) && state === 'approved') {
      const asking = new Set([...questions.keys()].map((code) => askers.get(code)));
      for (const [task, its] of states)
        if (its === 'waiting' && !asking.has(task)) states.set(task, 'running');
    }
  }

  return {
    observe(event, isOwn) {
      if (event.kind === 'message') observeMessage(event, isOwn);
      if (event.kind === 'card') observeCard(event, isOwn);
    },
    follow(task, open) {
      followed.add(task);
      states.set(task, 'waiting');
      for (const question of open) {
        questions.set(question.code, question);
        askers.set(question.code, task);
      }
    },
    correct(task, state) {
      if (!delivered.has(task)) states.set(task, state);
    },
    takeQuestions() {
      const fresh = [...questions.values()].filter(({ code }) => !handedOut.has(code));
      for (const { code } of fresh) handedOut.add(code);
      return fresh;
    },
    standing() {
      if (!isAnswered) return 'going';
      const left = [...states].filter(([task]) => !delivered.has(task));
      if (left.length === 0) return 'over';
      return left.every(([, state]) => state === 'waiting' || state === 'paused') ? 'waiting' : 'going';
    },
    hasFailed: () => hasFailed,
    tasks: () => Object.fromEntries([...states].sort(([left], [right]) => numberOf(left) - numberOf(right))),
  };
}

function numberOf(task: string): number {
  return Number(task.replace(/\D/g, ''));
}
