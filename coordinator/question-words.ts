import { type Approval, showHiddenInLine } from '@reeve/core';
import { effectSentence } from './wording.ts';

/** What is asked, in one line. */
export function questionSentence({ question, call }: Approval): string {
  return question === 'outcome'
    ? `Nobody knows whether this happened: ${effectSentence(call)}`
    : effectSentence(call);
}

/** What an answered question came to, as one sentence for the chat. */
export function answerSentence(approval: Approval): string {
  const sentence = effectSentence(approval.call);
  const by = approval.decidedBy === null ? '' : ` by ${showHiddenInLine(approval.decidedBy)}`;
  switch (approval.state) {
    case 'pending':
      return `Not answered yet: ${sentence}.`;
    case 'approved':
      return approval.question === 'outcome'
        ? `To be done again${by}: ${sentence}.`
        : `Approved${by}: ${sentence}.`;
    case 'confirmed':
      return `Confirmed${by}, it happened: ${sentence}.`;
    case 'denied':
      return approval.question === 'outcome'
        ? `Left as it is${by}, it may have happened: ${sentence}.`
        : `Denied${by}: ${sentence}. It was not done.`;
    case 'sent-back':
      return `Sent back for a change${by}: ${sentence}. It was not done.`;
    case 'expired':
      return `Nobody answered in time: ${sentence}. ${notAnswered(approval)}`;
    case 'voided':
      return `No longer asked: ${sentence}. ${notAnswered(approval)}`;
  }
}

/** What a question without an answer leaves behind. */
export function notAnswered({ question }: Approval): string {
  return question === 'outcome' ? 'It may have happened; it was not repeated.' : 'Not done.';
}
