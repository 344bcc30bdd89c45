import { el, fill } from './dom.ts';
import { renderMarkdown } from './markdown-view.ts';

/** Answers that are being made: as far as they have come, or that they are. */
export interface GrowingAnswers {
  /** Counts a turn as being answered, until its answer comes. */
  expect(turnId: string): void;
  draft(turnId: string, text: string): void;
  /** The answer is there; what comes late of its draft is dropped. */
  settle(turnId: string): void;
}

export function createGrowingAnswers(deps: {
  readonly place: HTMLElement;
  /** Called round each drawing, so that the view can go along. */
  readonly around: (draw: () => void) => void;
}): GrowingAnswers {
  const drafts = new Map<string, HTMLElement>();
  /** What drafts have come to since they were last drawn. */
  const fresh = new Map<string, string>();
  const expected = new Set<string>();
  const answered = new Set<string>();

  const draw = () =>
    deps.around(() => {
      for (const [turn, text] of fresh)
        drafts.set(turn, el('div', { class: 'reply', 'aria-busy': 'true' }, renderMarkdown(text)));
      fresh.clear();
      const isWaiting = [...expected].some((turn) => !drafts.has(turn));
      fill(
        deps.place,
        ...drafts.values(),
        isWaiting && el('p', { class: 'typing', role: 'status' }, 'Reeve is answering'),
      );
    });

  fill(deps.place);
  return {
    expect(turnId) {
      if (answered.has(turnId) || expected.has(turnId)) return;
      expected.add(turnId);
      draw();
    },
    draft(turnId, text) {
      if (answered.has(turnId)) return;
      // At most once for each picture that the screen shows.
      if (fresh.size === 0) requestAnimationFrame(draw);
      fresh.set(turnId, text);
    },
    settle(turnId) {
      answered.add(turnId);
      expected.delete(turnId);
      drafts.delete(turnId);
      fresh.delete(turnId);
      draw();
    },
  };
}
