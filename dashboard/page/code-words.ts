import { el } from './dom.ts';
import { showHidden } from './visible-text.ts';

/** A sentence in which backticks stand round what is typed or run. */
export function withCode(line: string): (HTMLElement | string)[] {
  return showHidden(line)
    .split(/`([^`]+)`/)
    .map((part, index) => (index % 2 === 1 ? el('code', {}, part) : part));
}
