const STORED_AS = 'reeve-theme';

/** Applies what the person chose earlier; without a choice the page follows the system. */
export function applyTheme(root: HTMLElement, storage: Pick<Storage, 'getItem'>): void {
  const chosen = storage.getItem(STORED_AS);
  if (chosen === 'light' || chosen === 'dark') root.dataset['theme'] = chosen;
}

/** Switches to the other of light and dark, and remembers it. */
export function toggleTheme(
  root: HTMLElement,
  storage: Pick<Storage, 'setItem'>,
  systemIsDark: boolean,
): void {
  const isDark = root.dataset['theme'] ? root.dataset['theme'] === 'dark' : systemIsDark;
  const chosen = isDark ? 'light' : 'dark';
  root.dataset['theme'] = chosen;
  storage.setItem(STORED_AS, chosen);
}
