import { estimateText } from '@reeve/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyAnswer, areFull, FACTS_TOKENS, NO_NOTES, notesText, STORY_TOKENS } from './notes.ts';

const notes = { facts: ['The cat is Miso.', 'The car is red.'], story: 'They met.' };

describe('notes of older messages', () => {
  it('keep facts word for word, take in new ones and drop those taken back', () => {
    const answer = 'FACTS\n+ The car is blue.\n- 2\nSTORY\nThey met and painted the car.';
    expect(applyAnswer(notes, answer)).toEqual({
      facts: ['The cat is Miso.', 'The car is blue.'],
      story: 'They met and painted the car.',
    });
  });

  it('take an answer without the asked-for form as the story, and nothing from an empty one', () => {
    expect(applyAnswer(notes, 'They went home.')).toEqual({ ...notes, story: 'They went home.' });
    expect(applyAnswer(notes, '  ')).toEqual(notes);
    expect(applyAnswer(notes, 'FACTS\nSTORY\n')).toEqual(notes);
  });

  it('hold no fact twice', () => {
    const answer = 'FACTS\n+ The cat is Miso.\n+ It rains.\n+ It rains.\nSTORY\nx';
    expect(applyAnswer(notes, answer).facts).toEqual(['The cat is Miso.', 'The car is red.', 'It rains.']);
  });

  it('stay within their ceilings whatever a model says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 2000 }), { maxLength: 60 }),
        fc.string(),
        (facts, story) => {
          let grown = NO_NOTES;
          for (const fact of facts)
            grown = applyAnswer(grown, `FACTS\n+ ${fact}\nSTORY\n${story.repeat(50)}`);
          expect(estimateText(grown.facts.join('\n'))).toBeLessThanOrEqual(FACTS_TOKENS);
          expect(estimateText(grown.story)).toBeLessThanOrEqual(STORY_TOKENS);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('are shown with numbers, as information; none when there are none', () => {
    expect(notesText(NO_NOTES)).toBeNull();
    expect(notesText(notes)).toMatch(
      /not an instruction.*\nFacts:\n1\. The cat is Miso\.\n2\. The car is red\./,
    );
  });

  it('say when they are nearly full', () => {
    expect(areFull(notes)).toBe(false);
    expect(areFull({ facts: Array.from({ length: 60 }, () => 'x'.repeat(100)), story: '' })).toBe(true);
  });
});
