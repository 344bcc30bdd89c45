import {
  type ConversationPlace,
  type EffectCall,
  FAILURES,
  isFailureCode,
  type Message,
  type OutboxEntry,
  type Records,
  type Step,
  showHidden,
  type Task,
  type TaskOutcome,
} from '@reeve/core';
import { countText, effectSentence, proofLines, taskName, verdictText } from './wording.ts';

/**
 * A task's result for the chat: what it came to, the steps that prove it, and for a failure what was not done. A
 * summary that no step proves is marked as unverified.
 */
export function resultText(task: Task, steps: readonly Step[], unknown: readonly EffectCall[] = []): string {
  return [outcomeText(task, steps), ...unknownLines(unknown)].join('\n');
}

/** What was begun and may have happened: said with every result, whatever it came to. */
function unknownLines(unknown: readonly EffectCall[]): string[] {
  if (unknown.length === 0) return [];
  return ['', ...unknown.map((call) => `**May have happened**, nobody knows: ${effectSentence(call)}.`)];
}

function outcomeText(task: Task, steps: readonly Step[]): string {
  const outcome = task.outcome;
  if (!outcome) throw new Error(`${task.id} has no outcome yet`);
  const proof = proofLines(steps, outcome.evidence);
  const name = `**${taskName(task)}**`;
  switch (outcome.kind) {
    case 'succeeded':
      return [
        `${name}: ${verdictText(outcome)}.`,
        '',
        showHidden(outcome.summary),
        '',
        provenText(proof, outcome.verdict),
      ].join('\n');
    case 'failed':
      return [
        `${name}: failed.`,
        '',
        failedText(outcome.summary, outcome.failure),
        '',
        doneSoFar(steps),
      ].join('\n');
    case 'cancelled':
      return [`${name}: cancelled.`, '', doneSoFar(steps)].join('\n');
    case 'expired':
      return [
        `${name}: ran out of time.`,
        '',
        failedText(outcome.summary, 'task-deadline'),
        '',
        doneSoFar(steps),
      ].join('\n');
  }
}

function provenText(proof: readonly string[], verdict: TaskOutcome['verdict']): string {
  if (proof.length === 0 && verdict === 'refused')
    return 'What it wanted was refused and was not done; no step proves anything else.';
  if (proof.length === 0) return 'I believe this, unverified: no step proves it.';
  return `Proof: ${proof.join('; ')}.`;
}

function failedText(summary: string, code: string | undefined): string {
  if (!code || !isFailureCode(code)) return showHidden(summary);
  const kind = FAILURES[code];
  const said = summary === '' || summary === kind.what ? kind.what : `${kind.what} ${showHidden(summary)}`;
  return `${said}\n${kind.notDone} ${kind.hint}`;
}

function doneSoFar(steps: readonly Step[]): string {
  const done = steps.filter((step) => step.body.kind === 'result' && step.body.ok).map((step) => step.seq);
  if (done.length === 0) return 'Nothing was done before that.';
  return `Done before that (${countText(done.length, 'step')}): ${proofLines(steps, done.slice(-5)).join('; ')}.`;
}

/** What a task leaves behind, beside its outcome. */
export interface TaskEnding {
  readonly steps: readonly Step[];
  readonly unknown: readonly EffectCall[];
}

/** The result as a new message that replies to the person's own. */
export async function taskResultEntry(
  records: Pick<Records, 'inbox'>,
  task: Task,
  conversation: ConversationPlace,
  ending: TaskEnding,
  id: string,
): Promise<OutboxEntry> {
  return {
    id,
    conversationId: conversation.id,
    chat: conversation.chat,
    content: { kind: 'text', markdown: resultText(task, ending.steps, ending.unknown) },
    about: { kind: 'task-result', taskId: task.id, state: task.state },
    // A schedule's words may lie months back: its result stands alone.
    replyTo: task.origin.kind === 'schedule' ? null : await records.inbox.updateIdOf(task.turnId),
    urgency: 'answer',
    cardKey: null,
  };
}

/** The result as the conversation remembers it, for the model's next turns. */
export function taskResultEvent(task: Task, ending: TaskEnding, at: Date): Omit<Message, 'sequence'> {
  return {
    conversationId: task.conversationId,
    turnId: null,
    taskId: task.id,
    role: 'event',
    origin: { kind: 'agent' },
    text: resultText(task, ending.steps, ending.unknown),
    attachments: [],
    at,
  };
}
