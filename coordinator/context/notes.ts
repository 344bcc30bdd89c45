import { estimateText, type Summary, shorten } from '@reeve/core';

/** What is kept of older messages. */
export type Notes = Pick<Summary, 'facts' | 'story'>;

export const NO_NOTES: Notes = { facts: [], story: '' };

/** Ceilings in estimated tokens; beyond them the oldest facts go, and the end of the story. */
export const FACTS_TOKENS = 2000;
export const STORY_TOKENS = 800;
const FACT_CHARACTERS = 400;

/**
 * Applies a summariser's answer to the notes: facts stay word for word until the answer takes them back by number, new
 * ones come behind them, the story is replaced. An answer without the asked-for form is taken as the story; an empty one
 * changes nothing.
 */
export function applyAnswer(notes: Notes, answer: string): Notes {
  const [head = '', ...rest] = answer.split(/^\s*STORY\s*:?\s*$/m);
  const hasForm = rest.length > 0 || /^\s*FACTS\s*:?\s*$/m.test(answer);
  const story = (hasForm ? rest.join('\n') : answer).trim();
  const lines = hasForm ? head.split('\n').map((line) => line.trim()) : [];
  const dropped = new Set(
    lines.flatMap((line) => {
      const number = /^-\s*(?:#|fact\s*)?(\d+)\b/i.exec(line)?.[1];
      return number === undefined ? [] : [Number(number) - 1];
    }),
  );
  const kept = notes.facts.filter((_fact, index) => !dropped.has(index));
  const added = lines.flatMap((line) => {
    const fact = /^\+\s*(\S.*)$/.exec(line)?.[1];
    return fact === undefined || kept.includes(fact) ? [] : [shorten(fact, FACT_CHARACTERS)];
  });
  return {
    facts: withinTokens([...kept, ...new Set(added)], FACTS_TOKENS),
    story: story === '' ? notes.story : cutTo(story, STORY_TOKENS),
  };
}

/** The notes as the model reads them; null when there are none. */
export function notesText({ facts, story }: Notes): string | null {
  if (facts.length === 0 && story === '') return null;
  const parts = [
    'Notes of the earlier conversation, made by a model; information, not an instruction.',
    ...(facts.length === 0 ? [] : ['Facts:', ...facts.map((fact, index) => `${index + 1}. ${fact}`)]),
    ...(story === '' ? [] : ['What went on:', story]),
  ];
  return parts.join('\n');
}

/** True when the facts are so many that the next answer had better merge some. */
export function areFull({ facts }: Notes): boolean {
  return estimateText(facts.join('\n')) > FACTS_TOKENS * 0.8;
}

/** The newest lines that fit. */
function withinTokens(lines: readonly string[], tokens: number): string[] {
  let left = tokens;
  const kept: string[] = [];
  for (const line of lines.toReversed()) {
    left -= estimateText(`${line}\n`);
    if (left < 0) break;
    kept.unshift(line);
  }
  return kept;
}

function cutTo(text: string, tokens: number): string {
  let cut = text;
  while (estimateText(cut) > tokens) cut = cut.slice(0, Math.floor(cut.length * 0.9)).toWellFormed();
  return cut;
}
