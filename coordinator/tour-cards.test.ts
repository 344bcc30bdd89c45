import { cardSchema, TOUR_STEPS, type Tour } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { cardLines } from './testing/card-lines.ts';
import { NOW } from './testing/samples.ts';
import { answeredCard, isOffered, stepCard, stepOfCard } from './tour-cards.ts';

const TOUR: Tour = {
  channel: 'http',
  person: 'owner',
  conversationId: 'c',
  entry: '0199-ab',
  step: 'tone',
  task: null,
  firstTask: null,
  at: NOW,
};

const AROUND = { timeZone: 'Europe/Paris', hears: false, sees: true };

describe('cards of the tour', () => {
  it.each(TOUR_STEPS)('%s: every button can be typed, belongs to the card, and is taken', (step) => {
    const card = cardSchema.parse(stepCard(TOUR, step, AROUND));
    const actions = card.blocks.flatMap((block) => (block.kind === 'actions' ? block.actions : []));
    expect(actions.length).toBeGreaterThan(0);
    for (const { action, typed } of actions) {
      if (action.kind !== 'choose') throw new Error(action.kind);
      expect(typed).toBe(`/choose ${step} ${action.option}`);
      expect(stepOfCard(action.card)).toBe(step);
      expect(isOffered(step, action.option)).toBe(true);
    }
    expect(answeredCard(TOUR, step, 'Done.').key).toBe(card.key);
  });

  it('can each be skipped', () => {
    const skippable = TOUR_STEPS.filter((step) =>
      JSON.stringify(stepCard(TOUR, step, AROUND)).includes(`/choose ${step} skip`),
    );
    expect(skippable).toEqual(TOUR_STEPS);
  });

  it('look like this', () => {
    expect(cardLines(stepCard(TOUR, 'tone', AROUND))).toMatchInlineSnapshot(`
      [
        "2 of 5 · How shall I sound?",
        "Or in your own words. Another answer: /choose tone friendly, without jokes",
        "[Plain] primary /choose tone plain",
        "[Warm] primary /choose tone warm",
        "[Brief] primary /choose tone brief",
        "[Skip] plain /choose tone skip",
      ]
    `);
  });

  it('are told from other cards', () => {
    expect(stepOfCard('task:T-1')).toBeNull();
    expect(stepOfCard('approval:tour:x')).toBeNull();
    expect(isOffered('question', 'rm -rf')).toBe(false);
  });
});
