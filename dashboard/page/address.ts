/** What the page shows, as its address says: so that back, forward, reload and a second tab work. */
export interface Address {
  readonly conversation: string;
  /** The message to show, by its position; null for the end. */
  readonly at: number | null;
  /** The run to show: `T-3`, or `turn:…`; null for none. */
  readonly run: string | null;
}

/** Everything stands behind “#”, which browsers send to nobody. */
export function readAddress(hash: string): Address {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const at = Number(parts.get('at'));
  return {
    conversation: parts.get('c') || 'main',
    at: Number.isInteger(at) && at > 0 ? at : null,
    run: parts.get('run'),
  };
}

export function writeAddress({ conversation, at, run }: Address): string {
  const parts = new URLSearchParams({ c: conversation });
  if (at !== null) parts.set('at', String(at));
  if (run !== null) parts.set('run', run);
  return `#${parts}`;
}

/** The token of a link that signs a browser in; null when the address has none. */
export function loginToken(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('login');
}
