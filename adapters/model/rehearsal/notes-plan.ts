import { type ChatRequest, shorten } from '@reeve/core';
import { textOf } from './plan.ts';

const MARK = 'You keep the notes of a conversation';
const KEPT_WORDS = 160;
const NEWEST = 12;

/** True for the request that asks for notes of older messages. */
export function asksForNotes({ messages }: ChatRequest): boolean {
  const [first] = messages;
  return first?.role === 'system' && textOf(first).startsWith(MARK);
}

/**
 * Notes as a stand-in makes them: every sentence in which the owner says something of themselves (“my … is …”, “I am
 * …”, “remember …”) is a fact as it stands, and the story is how the newest messages begin.
 */
export function notesOf({ messages }: ChatRequest): string {
  const asked = messages.at(-1);
  const [, transcript = ''] = (asked ? textOf(asked) : '').split('Messages since:\n');
  const lines = transcript.split('\n').filter((line) => line.startsWith('['));
  const facts = lines.flatMap((line) => {
    const words = /^\[[^\]]*, owner\] (?<words>.*)$/.exec(line)?.groups?.['words'] ?? '';
    return /\b(my|mine|i am|i'm|remember|always|never)\b/i.test(words) ? [shorten(words, KEPT_WORDS)] : [];
  });
  const story = lines.slice(-NEWEST).map((line) => shorten(line, KEPT_WORDS));
  return ['FACTS', ...facts.map((fact) => `+ ${fact}`), 'STORY', ...story].join('\n');
}
