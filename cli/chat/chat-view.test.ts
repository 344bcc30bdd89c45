import { expect, test } from 'vitest';
import { createChatView } from './chat-view.ts';
import { createStyle } from './style.ts';
import { answerOf, approvalCardOf, eventFor, resultOf, taskCardOf } from './testing/sample-events.ts';

const WIDTH = 80;

function openView() {
  const view = createChatView(createStyle(false));
  return {
    ...view,
    apply: (delivered: Parameters<typeof eventFor>[0]) => view.apply(eventFor(delivered), WIDTH),
    draft: (turnId: string, text: string) =>
      view.apply({ kind: 'draft', conversation: 'main', turnId, text }, WIDTH),
    shown: (height = 20) => view.live(WIDTH, height),
  };
}

test('a running task is one live line however often its card changes, and folds to one line that stays', () => {
  const view = openView();
  for (let step = 1; step <= 20; step += 1)
    expect(view.apply(taskCardOf('T-1', 'running', `doing ${step}`))).toEqual([]);
  expect(view.shown()).toEqual(['▶ T-1 Make a CSV · doing 20 · 4 s · /cancel T-1']);
  expect(view.apply(taskCardOf('T-1', 'succeeded', 'done'))).toEqual(['✓ T-1 Make a CSV · done · 4 s']);
  expect(view.apply(taskCardOf('T-1', 'succeeded', 'done'))).toEqual([]);
  expect(view.shown()).toEqual([]);
});

test('a result that overtakes the last card takes the live line away; the folded card follows', () => {
  const view = openView();
  view.apply(taskCardOf('T-1', 'running'));
  expect(view.apply(resultOf('T-1', 'succeeded', 'It is **done**.'))).toEqual(['', 'It is done.']);
  expect(view.shown()).toEqual([]);
  expect(view.apply(taskCardOf('T-1', 'running'))).toEqual([]);
  expect(view.shown()).toEqual([]);
  expect(view.apply(taskCardOf('T-1', 'succeeded', 'done'))).toEqual(['✓ T-1 Make a CSV · done · 4 s']);
});

test('a question is shown in full once, stays as a live line, and folds when somebody decides', () => {
  const view = openView();
  const lines = view.apply(approvalCardOf('A7K2', 'T-1'));
  expect(lines.at(1)).toBe('╭ ? T-1 asks: Delete 1 file: T-1/primes.csv');
  expect(view.apply(approvalCardOf('A7K2', 'T-1'))).toEqual([]);
  expect(view.shown()).toEqual(['? T-1 asks: Delete 1 file: T-1/primes.csv · /approve A7K2 or /deny A7K2']);
  expect(view.apply(approvalCardOf('A7K2', 'T-1', 'approved'))).toEqual([
    '✓ Delete 1 file: T-1/primes.csv · Approved (once) by owner, Sat 21 Nov, 12:01.',
  ]);
  expect(view.shown()).toEqual([]);
});

test('an answer grows in the live part and then stays; a draft that comes after it is dropped', () => {
  const view = openView();
  view.expectAnswer('turn-1');
  expect(view.shown()).toEqual(['Answering …']);
  view.draft('turn-1', 'The sum');
  expect(view.shown()).toEqual(['The sum']);
  expect(view.apply(answerOf('turn-1', 'The sum is 639.'))).toEqual(['', 'The sum is 639.']);
  view.draft('turn-1', 'The sum is');
  view.expectAnswer('turn-1');
  expect(view.shown()).toEqual([]);
});

test('of a long answer in progress the newest lines are shown', () => {
  const view = openView();
  view.draft('turn-1', Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n'));
  expect(view.shown()).toEqual(['line 24', 'line 25', 'line 26', 'line 27', 'line 28', 'line 29']);
});

test('the live part keeps to its height and says how much it leaves out', () => {
  const view = openView();
  for (const number of [1, 2, 3, 4, 5]) view.apply(taskCardOf(`T-${number}`, 'running'));
  expect(view.shown(3)).toHaveLength(3);
  expect(view.shown(3).at(-1)).toBe('… and 3 more; /status shows all');
});

test('what is recalled shows nothing by itself', () => {
  const view = openView();
  view.recall(eventFor(taskCardOf('T-1', 'running')));
  view.recall(eventFor(approvalCardOf('A7K2', 'T-1')));
  expect(view.shown()).toHaveLength(2);
  expect(view.openQuestions(WIDTH).at(1)).toBe('╭ ? T-1 asks: Delete 1 file: T-1/primes.csv');
});

test('a message that may have been sent before says so', () => {
  const view = createChatView(createStyle(false));
  const event = eventFor(answerOf('turn-1', 'Hello'));
  if (event.kind !== 'message') throw new Error('this is no message');
  expect(view.apply({ ...event, possibleDuplicate: true }, WIDTH)).toEqual([
    '',
    '(This may have been sent before.)',
    'Hello',
  ]);
});
