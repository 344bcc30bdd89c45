import { describe, expect, it } from 'vitest';
import { wordsToFind } from './recall.ts';

describe('the words to look for', () => {
  it('are the longer ones and numbers, each once, in lower case', () => {
    expect(wordsToFind('What is my Passport number? It is in the passport, page 7.')).toEqual([
      'passport',
      'number',
      'what',
      'page',
      'the',
      '7',
    ]);
  });

  it('leave out what everybody says lately', () => {
    const recent = Array.from({ length: 50 }, (_, index) => ({ text: `The weather is fine ${index}` }));
    expect(wordsToFind('Is the weather fine for the boiler?', recent)).toEqual(['boiler', 'for']);
  });

  it('are letters of any script, and none of nothing', () => {
    expect(wordsToFind('Wie heißt meine Größe? ключ 名前は').sort()).toEqual(
      ['wie', 'heißt', 'meine', 'größe', 'ключ', '名前は'].sort(),
    );
    expect(wordsToFind('?! …')).toEqual([]);
  });
});
