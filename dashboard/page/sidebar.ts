import { writeAddress } from './address.ts';
import type { ConversationView, MeView, RenamedEvent, StatusView } from './api-types.ts';
import { el, fill, icon } from './dom.ts';
import { moneyWords } from './figure-words.ts';
import { showHidden } from './visible-text.ts';

/** What stands at the side: the conversations, and how the house does. */
export interface Sidebar {
  /** The conversations as Reeve has them. */
  load(conversations: readonly ConversationView[]): void;
  /** Marks the one that is shown. */
  show(conversation: string): void;
  /** Something came in a conversation; `words` are its first when it is new. */
  note(conversation: string, words: string | null): void;
  rename(event: RenamedEvent): void;
  titleOf(conversation: string): string;
  drawHouse(status: StatusView): void;
}

interface Item {
  readonly name: string;
  title: string | null;
  opening: string | null;
  lastAt: string;
  isUnread: boolean;
}

export interface SidebarDeps {
  readonly list: HTMLElement;
  readonly house: HTMLElement;
  readonly me: MeView;
  readonly now: () => Date;
  readonly onToggleTheme: () => void;
  readonly onSignOut: () => void;
}

/** The conversation that there always is. */
const MAIN = 'main';

export function createSidebar(deps: SidebarDeps): Sidebar {
  const items = new Map<string, Item>();
  let current = MAIN;
  const itemOf = (name: string): Item => {
    const known = items.get(name);
    if (known) return known;
    const item = { name, title: null, opening: null, lastAt: deps.now().toISOString(), isUnread: false };
    items.set(name, item);
    return item;
  };
  const titleOf = (name: string) => {
    const item = items.get(name);
    const words = item?.title ?? (name === MAIN ? 'Main' : (item?.opening ?? 'New conversation'));
    return showHidden(words);
  };

  function draw(): void {
    const sorted = [...items.values()].sort((one, other) => other.lastAt.localeCompare(one.lastAt));
    fill(
      deps.list,
      ...sorted.map(({ name, isUnread }) => {
        const title = titleOf(name);
        return el(
          'li',
          {},
          el(
            'a',
            {
              href: writeAddress({ conversation: name, at: null, run: null }),
              class: isUnread ? 'unread' : '',
              'aria-current': name === current ? 'page' : null,
              'aria-label': isUnread ? `${title}, something new` : null,
            },
            title,
          ),
        );
      }),
    );
  }

  return {
    load(conversations) {
      for (const { name, channel, title, opening, lastAt, createdAt } of conversations) {
        if (channel !== 'http') continue;
        Object.assign(itemOf(name), { title, opening, lastAt: lastAt ?? createdAt });
      }
      itemOf(MAIN);
      draw();
    },
    show(conversation) {
      current = conversation;
      itemOf(conversation).isUnread = false;
      draw();
    },
    note(conversation, words) {
      const item = itemOf(conversation);
      item.opening ??= words;
      item.lastAt = deps.now().toISOString();
      item.isUnread = conversation !== current;
      draw();
    },
    rename({ conversation, title }) {
      itemOf(conversation).title = title;
      draw();
    },
    titleOf,
    drawHouse: (status) => drawHouse(deps, status),
  };
}

function drawHouse({ house, me, onToggleTheme, onSignOut }: SidebarDeps, status: StatusView): void {
  const { running, waiting, queued, limit, trouble, model, spending } = status;
  const { spent, cap } = spending.day;
  const parts = [`${running.length} of ${limit} running`];
  if (queued.length > 0) parts.push(`${queued.length} queued`);
  if (waiting.length > 0) parts.push(`${waiting.length} waiting`);
  fill(
    house,
    ...trouble.map((line) => el('p', { class: 'trouble' }, line)),
    el('p', {}, parts.join(' · ')),
    el('p', {}, me.role === 'owner' ? model : `Signed in as ${showHidden(me.name)}`),
    spent.usd > 0 &&
      el('p', {}, `Today ${moneyWords(spent.usd)}${cap.usd === null ? '' : ` of ${moneyWords(cap.usd)}`}`),
    el(
      'div',
      { class: 'tools' },
      el(
        'button',
        { class: 'quiet square', onclick: onToggleTheme, 'aria-label': 'Switch between light and dark' },
        icon('theme'),
      ),
      el(
        'button',
        { class: 'quiet square', onclick: onSignOut, 'aria-label': 'Sign this browser out' },
        icon('out'),
      ),
    ),
  );
}
