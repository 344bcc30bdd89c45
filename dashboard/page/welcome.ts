import { el, fill } from './dom.ts';

const FIRST_STEPS = [
  { words: '/start', why: 'A tour of two minutes; each step can be skipped.' },
  {
    words: 'Make a CSV of the first 20 primes and tell me their sum',
    why: 'A worker in a sandbox does it, and shows its proof.',
  },
  { words: 'Delete it', why: 'Then this: Reeve asks first, on a card.' },
  { words: 'work 5 seconds, five times at once', why: 'Five workers at a time; Reeve goes on answering.' },
] as const;

/** What a newcomer sees: who Reeve is, and what to try. */
export function drawWelcome(section: HTMLElement, onChoose: (words: string) => void): void {
  fill(
    section,
    el('h2', {}, 'What shall be done?'),
    el(
      'p',
      {},
      'Reeve plans, hands real work to sandboxed workers, and asks before anything that cannot be taken back. Try one of these:',
    ),
    el(
      'ul',
      {},
      ...FIRST_STEPS.map(({ words, why }) =>
        el(
          'li',
          {},
          el('button', { onclick: () => onChoose(words) }, el('div', {}, words, el('span', {}, why))),
        ),
      ),
    ),
  );
}
