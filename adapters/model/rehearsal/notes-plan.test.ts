import { describe, expect, it } from 'vitest';
import { asksForNotes, notesOf } from './notes-plan.ts';

const request = {
  role: 'coordinator',
  tools: [],
  maxTokens: 100,
  messages: [
    { role: 'system', content: 'You keep the notes of a conversation between a person and their agent.' },
    {
      role: 'user',
      content:
        'There are no notes yet.\n\nMessages since:\n[2026-11-21, owner] My passport is K4711.\n[2026-11-21, Reeve] Noted.\n[2026-11-21, owner] What is 2+2?',
    },
  ],
} as const;

describe('notes of the stand-in', () => {
  it('keep what the owner says of themselves, and how the newest messages begin', () => {
    expect(asksForNotes(request)).toBe(true);
    expect(notesOf(request)).toBe(
      'FACTS\n+ My passport is K4711.\nSTORY\n[2026-11-21, owner] My passport is K4711.\n[2026-11-21, Reeve] Noted.\n[2026-11-21, owner] What is 2+2?',
    );
  });

  it('are asked for by nothing else', () => {
    expect(asksForNotes({ ...request, messages: [{ role: 'user', content: 'You keep the notes' }] })).toBe(
      false,
    );
  });
});
