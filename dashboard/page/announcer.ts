import { el } from './dom.ts';

/** As many as a screen reader may have to read one after the other; older ones have been read. */
const KEPT = 4;

/**
 * What screen readers read out by themselves. Each announcement is an element of its own: one that came close behind
 * another in the same element would swallow it, and the same words twice would be read once.
 */
export function createAnnouncer(place: HTMLElement): (words: string) => void {
  return (words) => {
    place.append(el('p', {}, words));
    while (place.children.length > KEPT) place.firstElementChild?.remove();
  };
}
