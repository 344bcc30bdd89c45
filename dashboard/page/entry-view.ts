import { fileAddress } from './api-client.ts';
import type { MessageEvent, SaidEvent, ShownEvent } from './api-types.ts';
import { type CardActions, renderCard } from './card-view.ts';
import { el, icon } from './dom.ts';
import { momentWords } from './figure-words.ts';
import { renderMarkdown } from './markdown-view.ts';
import { showHidden } from './visible-text.ts';

export interface EntryActions extends CardActions {
  /** Null for a member: what the model was told is the owner's to see. */
  readonly showTurn: ((turn: string) => void) | null;
}

/** One thing in a conversation, as a list item. */
export function renderEntry(event: ShownEvent, actions: EntryActions, now: Date): HTMLLIElement {
  switch (event.kind) {
    case 'said':
      return renderSaid(event, now);
    case 'message':
      return renderReply(event, actions, now);
    case 'card':
      return el('li', {}, renderCard(event, actions));
  }
}

function renderSaid(event: SaidEvent, now: Date): HTMLLIElement {
  return el(
    'li',
    { class: 'said' },
    ...saidParts(event.text, event.attachments),
    el('p', { class: 'meta' }, el('span', { class: 'unseen' }, 'You, '), timeOf(event.at, now)),
  );
}

/** What a person wrote and attached; also of a message that is on its way. */
export function saidParts(text: string, attachments: readonly string[]): HTMLElement[] {
  const words = text === '' ? [] : [el('div', { class: 'words' }, showHidden(text))];
  if (attachments.length === 0) return words;
  return [...words, el('ul', { class: 'chips' }, ...attachments.map((path) => el('li', {}, fileChip(path))))];
}

function fileChip(path: string): HTMLElement {
  const name = showHidden(path.split('/').at(-1) ?? path);
  return el(
    'a',
    { class: 'chip', href: fileAddress(path), download: '' },
    icon('file'),
    el('span', { class: 'name' }, name),
  );
}

function renderReply(event: MessageEvent, actions: EntryActions, now: Date): HTMLLIElement {
  const { about } = event;
  const isResult = about.kind === 'task-result';
  const isBad = isResult && about.state !== 'succeeded';
  return el(
    'li',
    { class: `reply${isResult ? ' result' : ''}${isBad ? ' bad' : ''}` },
    event.possibleDuplicate &&
      el('p', { class: 'again' }, 'This may be the same message as before: the first try may have arrived.'),
    renderMarkdown(event.markdown),
    el(
      'p',
      { class: 'meta' },
      el('span', { class: 'unseen' }, 'Reeve, '),
      timeOf(event.at, now),
      detailsOf(event, actions),
    ),
  );
}

function detailsOf({ about }: MessageEvent, actions: EntryActions): HTMLElement | null {
  const button = (label: string, onclick: () => void) =>
    el('button', { class: 'link', onclick, 'aria-label': `How this came about: ${label}` }, label);
  if (about.kind === 'task-result')
    return button(`How ${about.taskId} went`, () => actions.showRun(about.taskId));
  const { showTurn } = actions;
  if (about.kind === 'turn' && showTurn) return button('How', () => showTurn(about.turnId));
  return null;
}

function timeOf(at: string, now: Date): HTMLElement {
  const date = new Date(at);
  return el('time', { datetime: at, title: date.toLocaleString() }, momentWords(date, now));
}
