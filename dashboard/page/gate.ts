import { withCode } from './code-words.ts';
import { el, fill } from './dom.ts';

/** Fills the page with why nothing else can be shown, and what to do. */
export function showGate(body: HTMLElement, title: string, words: string): void {
  const source = new URL('./reeve.svg', import.meta.url).href;
  const picture = el('img', { src: source, alt: '', width: 44, height: 44 });
  const heading = el('h1', { tabindex: -1 }, title);
  fill(
    body,
    el(
      'main',
      { class: 'gate' },
      el('div', { role: 'alert' }, picture, heading, el('p', {}, ...withCode(words))),
    ),
  );
  heading.focus();
}

/** Shown to a browser that Reeve does not know, or knows no more. */
export const SIGNED_OUT =
  'Open the link that Reeve printed when it was started, or type `npm run reeve -- web` where it runs: it prints a new link, which signs one browser in.';
