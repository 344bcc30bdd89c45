import { expect, it } from 'vitest';
import { wishesText } from './wishes.ts';

it('is nothing as long as the owner wishes nothing', () => {
  expect(wishesText({ language: 'auto', tone: 'plain' })).toBeNull();
});

it('says language and tone, known words in full and others as they are', () => {
  expect(wishesText({ language: 'Deutsch', tone: 'warm' })).toBe(
    'The owner’s wishes for every answer:\nLanguage: answer in Deutsch, whatever language you are written to in.\nTone: warm and friendly, never gushing',
  );
  expect(wishesText({ language: 'auto', tone: 'like a pirate' })).toContain('Tone: like a pirate');
});
