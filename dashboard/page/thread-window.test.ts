import { expect, test } from 'vitest';
import type { ShownEvent } from './api-types.ts';
import { createThreadWindow, type Entry, entryKey } from './thread-window.ts';

function entry(position: number, text = 'words'): Entry {
  const event: ShownEvent = {
    kind: 'said',
    id: `turn-${position}`,
    conversation: 'main',
    text,
    attachments: [],
    clientId: null,
    at: '2026-11-21T12:00:00.000Z',
  };
  return { position, key: entryKey(event), event };
}

const stretch = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => entry(from + index));

test('stays one stretch of at most so many, whichever way it grows', () => {
  const window = createThreadWindow(4);
  window.reset(stretch(7, 9), { hasOlder: true, isAtEnd: true });
  window.addOlder(stretch(4, 7), true);
  expect(window.entries().map(({ position }) => position)).toEqual([4, 5, 6, 7]);
  expect(window.isAtEnd()).toBe(false);
  expect(window.take(entry(10))).toBe('beyond');
  window.addNewer(stretch(8, 10), false);
  expect(window.entries().map(({ position }) => position)).toEqual([7, 8, 9, 10]);
  expect([window.isAtEnd(), window.hasOlder()]).toEqual([true, true]);
});

test('what comes again changes in its place, or nothing', () => {
  const window = createThreadWindow(10);
  window.reset(stretch(1, 3), { hasOlder: false, isAtEnd: true });
  expect(window.take({ ...entry(2), position: 8 })).toBe('same');
  expect(window.take({ ...entry(2, 'other'), position: 9 })).toBe('changed');
  expect(window.entries().map(({ position }) => position)).toEqual([1, 2, 3]);
  expect(window.take(entry(4))).toBe('added');
});
