import type { ApprovalView } from './api-types.ts';
import { byId, fill, icon, type Shape } from './dom.ts';

export interface ShellDeps {
  readonly onNew: () => void;
  readonly onSearch: () => void;
  readonly onFiles: () => void;
  readonly onRename: () => void;
  readonly onEscape: () => void;
  readonly onQuestion: (task: string | null) => void;
}

export interface Shell {
  closeSidebar(): void;
  showQuestions(questions: readonly ApprovalView[]): void;
}

/** The buttons round the conversation, and the keys that stand for them. */
export function watchShell(deps: ShellDeps): Shell {
  const sidebar = byId('sidebar', HTMLElement);
  const opener = byId('open-sidebar', HTMLButtonElement);
  const pill = byId('questions', HTMLButtonElement);
  let waiting: readonly ApprovalView[] = [];
  const setOpen = (isOpen: boolean) => {
    sidebar.classList.toggle('open', isOpen);
    opener.setAttribute('aria-expanded', String(isOpen));
  };
  const button = (id: string, shape: Shape, words: string, onClick: () => void) => {
    const element = byId(id, HTMLButtonElement);
    fill(element, icon(shape), words);
    element.addEventListener('click', onClick);
  };
  const leaveSidebar = (then: () => void) => {
    setOpen(false);
    then();
  };
  button('open-sidebar', 'menu', '', () => {
    setOpen(true);
    byId('close-sidebar', HTMLElement).focus();
  });
  button('close-sidebar', 'close', '', () => {
    setOpen(false);
    opener.focus();
  });
  button('new-conversation', 'new', 'New conversation', () => leaveSidebar(deps.onNew));
  button('open-search', 'search', 'Search', () => leaveSidebar(deps.onSearch));
  button('open-files', 'file', 'Files', () => leaveSidebar(deps.onFiles));
  button('rename', 'pencil', '', deps.onRename);
  fill(byId('attach', HTMLElement), icon('attach'));
  fill(byId('send', HTMLElement), icon('send'));
  fill(byId('jump', HTMLElement), icon('down'), 'To the newest');
  byId('scrim', HTMLElement).addEventListener('click', () => setOpen(false));
  pill.addEventListener('click', () => {
    const [first] = waiting;
    if (first) deps.onQuestion(first.task);
  });
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      deps.onSearch();
    }
    if (event.key !== 'Escape' || byId('dialog', HTMLDialogElement).open) return;
    if (sidebar.classList.contains('open')) {
      setOpen(false);
      opener.focus();
    } else deps.onEscape();
  });
  return {
    closeSidebar: () => setOpen(false),
    showQuestions(questions) {
      waiting = questions;
      const { length } = questions;
      pill.hidden = length === 0;
      pill.textContent = length === 1 ? '1 question waits' : `${length} questions wait`;
      document.title = length === 0 ? 'Reeve' : `(${length}) Reeve`;
    },
  };
}
