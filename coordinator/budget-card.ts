import {
  type Approval,
  type Block,
  BUDGET_TOOL,
  type Card,
  describeOrigin,
  type RaiseArguments,
  raiseArgumentsSchema,
  showHiddenInLine,
} from '@reeve/core';
import { raiseQuestion, raiseSentence } from './budget-wording.ts';
import { momentText } from './wording.ts';

/** The raise that a question is about; null for any other question. */
export function raiseOf({ call }: Pick<Approval, 'call'>): RaiseArguments | null {
  return call.tool === BUDGET_TOOL ? raiseArgumentsSchema.parse(call.arguments) : null;
}

/** A pending question to raise a cap: what is used up, what a yes adds, what a no means, the two buttons. */
export function raiseCard(approval: Approval, raise: RaiseArguments, key: string, timeZone: string): Card {
  return {
    key,
    title: `? ${raiseQuestion(raise)}`,
    blocks: [
      { kind: 'heading', text: raiseQuestion(raise) },
      { kind: 'fields', fields: raiseFields(approval, raise) },
      { kind: 'text', text: withoutAnswer(approval, raise, timeZone) },
      buttons(approval, raise),
    ],
  };
}

/** What a raise card shows beside its question, also once it is settled. */
export function raiseFields(approval: Approval, raise: RaiseArguments): { name: string; value: string }[] {
  return [
    { name: 'Action', value: `${raiseSentence(raise)} (${BUDGET_TOOL})` },
    { name: 'Asked by', value: askerText(approval) },
    { name: 'Undo', value: 'What models have used cannot be given back; what is left stays unused.' },
  ];
}

function askerText({ call, origin }: Approval): string {
  const starter = showHiddenInLine(describeOrigin(origin));
  return call.task === null ? `Reeve, working for ${starter}` : `${call.task}, started by ${starter}`;
}

function withoutAnswer({ expiresAt }: Approval, { cap }: RaiseArguments, timeZone: string): string {
  const until = momentText(expiresAt, timeZone);
  if (cap === 'task') return `The task waits. No answer by ${until}: it is ended.`;
  return `What needs a model waits, and goes on by itself from ${until}, when a new ${cap} begins.`;
}

function buttons({ code }: Approval, { cap }: RaiseArguments): Block {
  return {
    kind: 'actions',
    actions: [
      {
        label: 'Add',
        style: 'primary',
        action: { kind: 'approve', code, scope: 'once' },
        typed: `/approve ${code}`,
      },
      {
        label: cap === 'task' ? 'Stop' : 'Leave it',
        style: cap === 'task' ? 'danger' : 'plain',
        action: { kind: 'deny', code },
        typed: `/deny ${code}`,
      },
    ],
  };
}
