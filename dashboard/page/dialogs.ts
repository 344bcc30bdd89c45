import { writeAddress } from './address.ts';
import type { ApiClient } from './api-client.ts';
import type { PlacedEvent } from './api-types.ts';
import { el, fill, icon } from './dom.ts';
import { bytesWords, momentWords } from './figure-words.ts';
import { fileLink } from './markdown-view.ts';
import { showHidden } from './visible-text.ts';

export interface DialogDeps {
  readonly dialog: HTMLDialogElement;
  readonly client: ApiClient;
  readonly now: () => Date;
  readonly titleOf: (conversation: string) => string;
}

/** Milliseconds without a key after which a search begins. */
const TYPING_PAUSE_MS = 200;
const CONTEXT = 90;

function open(dialog: HTMLDialogElement, title: string, ...content: (HTMLElement | null)[]): void {
  const close = el(
    'button',
    { class: 'quiet square', 'aria-label': 'Close', onclick: () => dialog.close() },
    icon('close'),
  );
  fill(dialog, el('div', { class: 'head' }, el('h2', { id: 'dialog-title' }, title), close), ...content);
  if (!dialog.open) dialog.showModal();
}

/** Search over what was said in all conversations. */
export function openSearch(deps: DialogDeps): void {
  const { dialog, client } = deps;
  const words = el('input', {
    type: 'search',
    'aria-label': 'Words to look for',
    placeholder: 'Words that were said',
    maxlength: 200,
    autofocus: true,
  });
  const outcome = el('p', { class: 'note', role: 'status' });
  const hits = el('ul', { class: 'hits' });
  let timer = 0;
  let run = 0;
  const look = async () => {
    run += 1;
    const mine = run;
    const sought = words.value.trim();
    if (sought === '') {
      fill(hits);
      outcome.textContent = '';
      return;
    }
    try {
      const found = await client.search(sought);
      if (mine !== run) return;
      outcome.textContent =
        found.length === 0 ? 'Nothing holds all of these words.' : `${found.length} found, newest first.`;
      fill(hits, ...found.map((hit) => renderHit(hit, sought, deps)));
    } catch (error) {
      if (mine === run) outcome.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  words.addEventListener('input', () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void look(), TYPING_PAUSE_MS);
  });
  // Browsers empty a search box at the first Escape; here it closes what was opened.
  words.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') dialog.close();
  });
  open(dialog, 'Search', words, outcome, hits);
  words.focus();
}

function renderHit({ position, event }: PlacedEvent, sought: string, deps: DialogDeps): HTMLElement | null {
  if (event.kind !== 'message' && event.kind !== 'said') return null;
  const source = event.kind === 'said' ? event.text : event.markdown.replace(/\*\*|`/g, '');
  const text = showHidden(source).replace(/\s+/g, ' ');
  const who = event.kind === 'said' ? 'You' : 'Reeve';
  const where = deps.titleOf(event.conversation);
  return el(
    'li',
    {},
    el(
      'a',
      {
        href: writeAddress({ conversation: event.conversation, at: position, run: null }),
        onclick: () => deps.dialog.close(),
      },
      el('small', {}, `${who} in ${where} · ${momentWords(new Date(event.at), deps.now())}`),
      ...marked(text, sought),
    ),
  );
}

/** The part of a text round the first word that is sought, with the word marked. */
function marked(text: string, sought: string): (Node | string)[] {
  const [word = ''] = sought.split(/\s+/);
  const at = text.toLowerCase().indexOf(word.toLowerCase());
  if (at < 0) return [text.slice(0, CONTEXT * 2)];
  const start = Math.max(0, at - CONTEXT);
  const end = at + word.length;
  return [
    `${start > 0 ? '…' : ''}${text.slice(start, at)}`,
    el('mark', {}, text.slice(at, end)),
    text.slice(end, end + CONTEXT),
  ];
}

/** The owner's files, each with its download. */
export async function openFiles({ dialog, client, now }: DialogDeps): Promise<void> {
  const outcome = el('p', { class: 'note', role: 'status' }, 'Reading the list…');
  const list = el('ul', { class: 'hits' });
  open(dialog, 'Files', outcome, list);
  try {
    const files = await client.files();
    outcome.textContent =
      files.length === 0
        ? 'There are none yet. What tasks make and what you attach lands here.'
        : files.length === 1
          ? '1 file.'
          : `${files.length.toLocaleString()} files.`;
    fill(
      list,
      ...files.map(({ path, bytes, modifiedAt }) =>
        el(
          'li',
          { class: 'note' },
          fileLink(path),
          ` ${bytesWords(bytes)}, ${momentWords(new Date(modifiedAt), now())}`,
        ),
      ),
    );
  } catch (error) {
    outcome.textContent = error instanceof Error ? error.message : String(error);
  }
}

/** Asks for a conversation's title. */
export function openRename(
  deps: Pick<DialogDeps, 'dialog' | 'client'>,
  conversation: string,
  title: string,
): void {
  const words = el('input', { type: 'text', 'aria-label': 'Title', maxlength: 80, value: title });
  const outcome = el('p', { class: 'note', role: 'alert' });
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      await deps.client.rename(conversation, words.value);
      deps.dialog.close();
    } catch (error) {
      outcome.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const form = el(
    'form',
    { onsubmit: (event: Event) => void save(event) },
    words,
    el('button', { class: 'primary' }, 'Save'),
  );
  open(deps.dialog, 'Rename this conversation', form, outcome);
  words.select();
}
