import type { Decision } from './api-client.ts';
import type { Block, Card, CardAction, CardButton, CardEvent } from './api-types.ts';
import { withCode } from './code-words.ts';
import { el, fill } from './dom.ts';
import { bytesWords } from './figure-words.ts';
import { fileLink } from './markdown-view.ts';
import { showHidden } from './visible-text.ts';

/** What a card's buttons do. Each resolves with what to say about it, or rejects. */
export interface CardActions {
  decide(code: string, decision: Decision): Promise<string>;
  /** Answers a card that offers answers. */
  choose(card: string, option: string): Promise<string>;
  cancelTask(task: string): Promise<string>;
  /** Words for a task that runs. */
  note(task: string, words: string): Promise<string>;
  showRun(task: string): void;
}

const HASH = /^[0-9a-f]{64}$/;

/** A card as it stands: a question like a paper form, a running task on two lines, an ended one on one. */
export function renderCard({ card, about }: CardEvent, actions: CardActions): HTMLElement {
  if (about.kind === 'approval-card') {
    const { code, taskId, state } = about;
    return state === 'pending' ? question(card, { code, taskId }, actions) : settled(card, taskId, actions);
  }
  const taskId = about.kind === 'task-card' ? about.taskId : null;
  const isFolded = card.blocks.length === 0;
  const buttons = card.blocks.flatMap((block) => (block.kind === 'actions' ? block.actions : []));
  const outcome = el('p', { class: 'outcome', role: 'status' });
  const details = isFolded ? detailsButton(taskId, actions) : null;
  const row = buttons.length === 0 ? null : buttonRow(card, { className: 'actions small', outcome }, actions);
  return el(
    'article',
    { class: `card task${isFolded ? ' folded' : ''}`, tabindex: -1, 'aria-label': showHidden(card.title) },
    el('div', { class: 'row' }, el('h2', {}, ...withCode(card.title)), taskId === null ? null : row, details),
    ...card.blocks.filter((block) => block.kind !== 'actions').map((block) => renderBlock(block)),
    // What asks something has its answers below; what a task does, beside its name.
    taskId === null ? row : null,
    outcome,
  );
}

function question(
  card: Card,
  { code, taskId }: { code: string; taskId: string | null },
  actions: CardActions,
): HTMLElement {
  const buttons = card.blocks.flatMap((block) => (block.kind === 'actions' ? block.actions : []));
  const isGrave = buttons.some(({ style }) => style === 'danger');
  const outcome = el('p', { class: 'outcome', role: 'status' });
  const hasHeading = card.blocks.some((block) => block.kind === 'heading');
  return el(
    'article',
    { class: `card question${isGrave ? ' grave' : ''}`, tabindex: -1, 'aria-label': showHidden(card.title) },
    el(
      'div',
      { class: 'row' },
      el('p', { class: 'eyebrow' }, `${taskId ?? 'Reeve'} asks · ${code}`),
      el('span', { class: 'stretch' }),
      detailsButton(taskId, actions),
    ),
    hasHeading ? null : el('h2', {}, showHidden(card.title)),
    ...card.blocks.filter((block) => block.kind !== 'actions').map((block) => renderBlock(block)),
    buttonRow(card, { className: 'actions', outcome }, actions),
    outcome,
  );
}

/** Nothing for what belongs to no task. */
function detailsButton(taskId: string | null, actions: CardActions): HTMLElement | null {
  if (taskId === null) return null;
  const onclick = () => actions.showRun(taskId);
  return el('button', { class: 'link', onclick, 'aria-label': `Details of ${taskId}` }, 'Details');
}

/** An answered question: one line, and all it asked behind it. */
function settled(card: Card, taskId: string | null, actions: CardActions): HTMLElement {
  const verdict = card.blocks.findLast((block) => block.kind === 'text');
  const rest = card.blocks.filter((block) => block !== verdict && block.kind !== 'actions');
  return el(
    'article',
    { class: 'card folded', tabindex: -1, 'aria-label': showHidden(card.title) },
    el('h2', {}, showHidden(card.title)),
    verdict && verdict.kind === 'text' ? el('p', { class: 'outcome' }, showHidden(verdict.text)) : null,
    el(
      'details',
      {},
      el('summary', {}, `What ${taskId ?? 'Reeve'} asked`),
      ...rest.map((block) => renderBlock(block)),
      detailsButton(taskId, actions),
    ),
  );
}

function renderBlock(block: Block): HTMLElement | null {
  switch (block.kind) {
    case 'heading':
      return el('h2', {}, showHidden(block.text));
    case 'text':
      return el('p', {}, showHidden(block.text));
    case 'fields':
      return el(
        'dl',
        { class: 'fields' },
        ...block.fields.flatMap(({ name, value }) => [
          el('dt', {}, showHidden(name)),
          el('dd', { class: HASH.test(value) ? 'hash' : null }, showHidden(value)),
        ]),
      );
    case 'progress':
      return renderProgress(block);
    case 'code':
      return el(
        'pre',
        { tabindex: 0, role: 'region', 'aria-label': block.language || 'code' },
        showHidden(block.text),
      );
    case 'list':
      return el('ul', {}, ...block.items.map((item) => el('li', {}, showHidden(item))));
    case 'file':
      return el(
        'p',
        {},
        fileLink(block.path),
        ` ${bytesWords(block.bytes)}, SHA-256 `,
        el('code', {}, block.sha256),
      );
    case 'actions':
      return null;
  }
}

/** The icon of a task that runs; what waits or rests does not turn. */
const AT_WORK = '▶';

function renderProgress(block: Extract<Block, { kind: 'progress' }>): HTMLElement {
  const bar =
    block.total === null
      ? block.icon === AT_WORK && el('span', { class: 'spinner', 'aria-hidden': 'true' })
      : el('progress', { max: block.total, value: block.done, 'aria-label': 'steps done' });
  return el('div', { class: 'progress' }, bar, el('span', {}, ...withCode(block.text)));
}

/** What a button does and to what, for who hears it alone; it begins with the words that stand on it. */
function spokenName({ label, action }: CardButton, { title, blocks }: Card): string {
  const heading = blocks.find((block) => block.kind === 'heading');
  const object = showHidden(heading?.kind === 'heading' ? heading.text : title).replaceAll('`', '');
  const verb =
    action.kind === 'approve' && label !== 'Do it again' ? `Approve ${label.toLowerCase()}` : label;
  return `${verb}: ${object}`;
}

function buttonRow(
  card: Card,
  { className, outcome }: { className: string; outcome: HTMLElement },
  actions: CardActions,
): HTMLElement {
  const buttons = card.blocks.flatMap((block) => (block.kind === 'actions' ? block.actions : []));
  const row = el('div', { class: className });
  const act = async (work: () => Promise<string>) => {
    // A disabled button holds no focus, and the card outlives its buttons.
    if (row.contains(document.activeElement)) row.closest('article')?.focus();
    for (const button of row.querySelectorAll('button')) button.disabled = true;
    outcome.textContent = 'One moment…';
    try {
      outcome.textContent = await work();
    } catch (error) {
      fill(outcome, ...withCode(error instanceof Error ? error.message : String(error)));
      for (const button of row.querySelectorAll('button')) button.disabled = false;
    }
  };
  const elements = buttons.map((button, index) => {
    const words = wordsFor(button.action, actions);
    if (words) return askForWords({ ...button, spoken: spokenName(button, card) }, words, row, act);
    const isFirst = buttons.findIndex(({ style }) => style === button.style) === index;
    // Only the first of a kind stands out; a wider yes is never the easiest button to hit.
    const style = button.style === 'primary' && !isFirst ? 'plain' : button.style;
    return el(
      'button',
      {
        class: `${style}${isFirst && button.action.kind === 'approve' ? ' first' : ''}`,
        title: button.typed,
        'aria-label': spokenName(button, card),
        onclick: () => void press(button, act, actions),
      },
      button.label,
    );
  });
  fill(row, ...elements);
  return row;
}

type Act = (work: () => Promise<string>) => Promise<void>;

/** What a button asks for that needs words, and what is done with them. */
interface WordsWanted {
  readonly label: string;
  readonly submit: string;
  send(words: string): Promise<string>;
}

function wordsFor(action: CardAction, actions: CardActions): WordsWanted | null {
  switch (action.kind) {
    case 'deny-saying':
      return {
        label: 'Why not',
        submit: 'Deny',
        send: (note) => actions.decide(action.code, { decision: 'deny', note }),
      };
    case 'edit':
      return {
        label: 'What to change',
        submit: 'Send back',
        send: (note) => actions.decide(action.code, { decision: 'edit', note }),
      };
    case 'note':
      return {
        label: `Words for ${action.task}`,
        submit: 'Pass on',
        send: (words) => actions.note(action.task, words),
      };
    default:
      return null;
  }
}

async function press({ action }: CardButton, act: Act, actions: CardActions): Promise<void> {
  switch (action.kind) {
    case 'approve':
      return act(() => actions.decide(action.code, { decision: 'approve', scope: action.scope }));
    case 'deny':
      return act(() => actions.decide(action.code, { decision: 'deny' }));
    case 'happened':
      return act(() => actions.decide(action.code, { decision: 'happened' }));
    case 'choose':
      return act(() => actions.choose(action.card, action.option));
    case 'cancel-task':
      return act(() => actions.cancelTask(action.task));
    case 'show-task':
      return actions.showRun(action.task);
    case 'deny-saying':
    case 'edit':
    case 'note':
      throw new Error(`${action.kind} asks for words first`);
  }
}

/** A button that opens a line for words; Escape closes it again. */
function askForWords(
  { label, spoken }: { label: string; spoken: string },
  wanted: WordsWanted,
  row: HTMLElement,
  act: Act,
): HTMLElement {
  const open = el(
    'button',
    {
      class: 'quiet',
      'aria-label': spoken,
      'aria-expanded': 'false',
      onclick: () => (form === null ? show() : hide()),
    },
    label,
  );
  let form: HTMLElement | null = null;
  const hide = () => {
    form?.remove();
    form = null;
    open.setAttribute('aria-expanded', 'false');
    open.focus();
  };
  const show = () => {
    open.setAttribute('aria-expanded', 'true');
    const words = el('input', {
      type: 'text',
      'aria-label': wanted.label,
      maxlength: 2000,
      placeholder: wanted.label,
      required: true,
    });
    form = el(
      'form',
      {
        class: 'why',
        onsubmit: (event: Event) => {
          event.preventDefault();
          const text = words.value.trim();
          if (text === '') return;
          hide();
          void act(() => wanted.send(text));
        },
        onkeydown: (event: KeyboardEvent) => {
          if (event.key === 'Escape') hide();
        },
      },
      words,
      el('button', {}, wanted.submit),
    );
    row.after(form);
    words.focus();
  };
  return open;
}
