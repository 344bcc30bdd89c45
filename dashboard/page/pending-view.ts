import { el, fill } from './dom.ts';
import { saidParts } from './entry-view.ts';
import type { Outbox, Waiting } from './outbox.ts';

/** Messages that Reeve has not taken yet, below all others. */
export interface PendingView {
  draw(outbox: Outbox, conversation: string): void;
  isEmpty(): boolean;
}

/** Places its list before an element. */
export function createPendingView(before: HTMLElement): PendingView {
  const list = el('ol', { class: 'messages pending', hidden: true, 'aria-label': 'On their way' });
  before.before(list);
  return {
    draw(outbox, conversation) {
      const own = outbox.waiting().filter((item) => item.conversation === conversation);
      fill(list, ...own.map((item) => renderWaiting(item, outbox)));
      list.hidden = own.length === 0;
    },
    isEmpty: () => list.childElementCount === 0,
  };
}

function renderWaiting({ message, refusal }: Waiting, outbox: Outbox): HTMLElement {
  const { clientId, text, attachments } = message;
  const state =
    refusal === null
      ? [el('span', { role: 'status' }, 'Sending…')]
      : [
          el('span', { role: 'alert' }, `Not sent. ${refusal}`),
          el('button', { class: 'link', onclick: () => outbox.retry(clientId) }, 'Try again'),
          el('button', { class: 'link', onclick: () => outbox.drop(clientId) }, 'Discard'),
        ];
  return el(
    'li',
    { class: 'said unsent' },
    ...saidParts(text, attachments),
    el('p', { class: 'meta' }, ...state),
  );
}
