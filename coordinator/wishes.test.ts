import { expect, it } from 'vitest';
import { wishesText } from './wishes.ts';

it('is nothing as long as the owner wishes nothing', () => {
  expect(wishesText({ ownerName: undefined, language: 'auto', tone: 'plain' })).toBeNull();
});

it('says language and tone, known words in full and others as they are', () => {
  expect(wishesText({ ownerName: undefined, language: 'Deutsch', tone: 'warm' })).toBe(
    'The owner’s wishes for every answer:\nLanguage: answer in Deutsch, whatever language you are written to in.\nTone: warm and friendly, never gushing',
  );
  expect(wishesText({ ownerName: undefined, language: 'auto', tone: 'like a pirate' })).toContain(
    'Tone: like a pirate',
  );
  expect(wishesText({ ownerName: 'Ada', language: 'auto', tone: 'plain' })).toContain('Call the owner: Ada');
});
