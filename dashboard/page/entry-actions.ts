import type { ApiClient } from './api-client.ts';
import type { EntryActions } from './entry-view.ts';

/** What the buttons of a conversation's entries do; each resolves with what to say about it. */
export function createEntryActions(deps: {
  client: Pick<ApiClient, 'decide' | 'choose' | 'cancelTask' | 'send'>;
  conversation: string;
  isOwner: boolean;
  /** Shows `T-3`, or `turn:…`. */
  showRun: (run: string) => void;
}): EntryActions {
  const { client, conversation, isOwner, showRun } = deps;
  return {
    decide: (code, decision) => client.decide(code, decision),
    choose: (card, option) => client.choose(card, option),
    async cancelTask(task) {
      await client.cancelTask(task);
      return `${task} is cancelled.`;
    },
    async note(task, words) {
      const clientId = crypto.randomUUID();
      await client.send(conversation, { clientId, text: words, attachments: [], replyTo: `task:${task}` });
      return `Passed on to ${task}.`;
    },
    showRun,
    showTurn: isOwner ? (turn) => showRun(`turn:${turn}`) : null,
  };
}
