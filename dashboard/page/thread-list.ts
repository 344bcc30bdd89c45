import type { ShownEvent } from './api-types.ts';
import { type EntryActions, renderEntry } from './entry-view.ts';
import type { Entry } from './thread-window.ts';

/** The entries of a conversation as list items. */
export interface ThreadList {
  /** Makes the list what is given, and touches only what differs. */
  draw(entries: readonly Entry[]): void;
  elementOf(key: string): HTMLElement | undefined;
}

export function createThreadList(deps: {
  readonly list: HTMLElement;
  readonly actions: EntryActions;
  readonly now: () => Date;
}): ThreadList {
  const shown = new Map<string, { readonly event: ShownEvent; readonly element: HTMLLIElement }>();

  function elementFor({ key, event }: Entry): HTMLLIElement {
    const known = shown.get(key);
    if (known?.event === event) return known.element;
    const element = renderEntry(event, deps.actions, deps.now());
    if (known) keepFocus(known.element, element);
    shown.set(key, { event, element });
    return element;
  }

  deps.list.replaceChildren();
  return {
    draw(entries) {
      const wanted = entries.map(elementFor);
      const keys = new Set(entries.map(({ key }) => key));
      for (const [key, { element }] of shown) {
        if (keys.has(key)) continue;
        shown.delete(key);
        element.remove();
      }
      for (const [index, element] of wanted.entries()) {
        const there = deps.list.children[index];
        if (there !== element) deps.list.insertBefore(element, there ?? null);
      }
    },
    elementOf: (key) => shown.get(key)?.element,
  };
}

/** Puts the new form of an entry in the old one's place; whoever was in it stays in it. */
function keepFocus(old: HTMLElement, fresh: HTMLElement): void {
  const focused = document.activeElement;
  const label = old.contains(focused) ? (focused?.textContent ?? '') : null;
  old.replaceWith(fresh);
  if (label === null) return;
  const same = [...fresh.querySelectorAll('button')].find((button) => button.textContent === label);
  (same ?? fresh.querySelector<HTMLElement>('[tabindex]') ?? fresh).focus();
}
