import { type ApprovalScope, approvalCodeSchema, shorten } from '@reeve/core';
import { answer, type Command, type CommandAnswer, type CommandDeps, failed } from './command-registry.ts';
import { answerSentence } from './question-words.ts';
import { waitingLines } from './status.ts';

/** An answer without a code: which questions there are, with theirs. */
async function waiting({ store, timeZone }: CommandDeps): Promise<CommandAnswer> {
  const pending = await store.approvals.pending();
  return answer(
    pending.length === 0 ? 'Nothing waits for your answer.' : waitingLines(pending, timeZone()).join('\n'),
  );
}

const SCOPES: ReadonlySet<string> = new Set(['once', 'task', 'always']);

export const approve: Command = {
  name: 'approve',
  usage: 'A7K2 [once | task | always]',
  description: 'say yes to a question',
  ownerOnly: true,
  run: async (deps, call) => {
    if (call.rest === '') return waiting(deps);
    const [first = '', second = 'once'] = call.rest.split(/\s+/);
    const code = approvalCodeSchema.safeParse(first);
    if (!SCOPES.has(second.toLowerCase())) return failed('command-usage', 'type /approve A7K2');
    if (!code.success) return failed('approval-unknown', shorten(first, 40));
    const decided = await deps.approvals.decide(
      code.data,
      { kind: 'approve', scope: second.toLowerCase() as ApprovalScope },
      call.entry.sender.name,
    );
    if (decided.kind === 'refused') return { kind: 'failed', failure: decided.failure };
    const { task } = decided.approval.call;
    return answer(`${answerSentence(decided.approval)} ${task ?? 'What waited for it'} goes on.`);
  },
};

export const deny: Command = {
  name: 'deny',
  usage: 'A7K2 [why]',
  description: 'say no to a question',
  ownerOnly: true,
  run: async (deps, call) => {
    const match = /^(\S+)\s*([\s\S]*)$/.exec(call.rest);
    if (!match?.[1]) return waiting(deps);
    const code = approvalCodeSchema.safeParse(match[1]);
    if (!code.success) return failed('approval-unknown', shorten(match[1], 40));
    const decided = await deps.approvals.decide(
      code.data,
      { kind: 'deny', note: match[2] || null },
      call.entry.sender.name,
    );
    if (decided.kind === 'refused') return { kind: 'failed', failure: decided.failure };
    return answer(answerSentence(decided.approval));
  },
};

export const edit: Command = {
  name: 'edit',
  usage: 'A7K2 what to change',
  description: 'send a question back: the worker changes it and asks again',
  ownerOnly: true,
  run: async (deps, call) => {
    if (call.rest === '') return waiting(deps);
    const match = /^(\S+)\s+([\s\S]*\S)$/.exec(call.rest);
    if (!match?.[1] || !match[2]) return failed('command-usage', 'type /edit A7K2 and what to change');
    const code = approvalCodeSchema.safeParse(match[1]);
    if (!code.success) return failed('approval-unknown', shorten(match[1], 40));
    const decided = await deps.approvals.decide(
      code.data,
      { kind: 'edit', note: match[2] },
      call.entry.sender.name,
    );
    return decided.kind === 'refused'
      ? { kind: 'failed', failure: decided.failure }
      : answer(answerSentence(decided.approval));
  },
};

export const happened: Command = {
  name: 'happened',
  usage: 'A7K2',
  description: 'say that something happened of which Reeve does not know',
  ownerOnly: true,
  run: async (deps, call) => {
    if (call.rest === '') return waiting(deps);
    const code = approvalCodeSchema.safeParse(call.rest);
    if (!code.success) return failed('approval-unknown', shorten(call.rest, 40));
    const decided = await deps.approvals.decide(code.data, { kind: 'happened' }, call.entry.sender.name);
    if (decided.kind === 'refused') return { kind: 'failed', failure: decided.failure };
    return answer(`${answerSentence(decided.approval)} ${decided.approval.call.task} goes on.`);
  },
};
