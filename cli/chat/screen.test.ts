import { expect, test } from 'vitest';
import { createScreen } from './screen.ts';
import { createTerminalEmulator } from './testing/terminal-emulator.ts';

const INPUT = { lines: ['› hello'], row: 0, column: 7 };

test('what stays is printed above the live part, which is drawn in place', () => {
  const terminal = createTerminalEmulator();
  const screen = createScreen(terminal.stream);
  screen.draw(['▶ T-1 step 1'], INPUT);
  screen.print(['first', 'second']);
  for (let step = 2; step <= 50; step += 1) screen.draw([`▶ T-1 step ${step}`], INPUT);
  screen.print(['third']);
  expect(terminal.lines()).toEqual(['first', 'second', 'third', '▶ T-1 step 50', '› hello']);
  expect(terminal.cursor()).toEqual({ row: 4, column: 7 });
});

test('a live part that shrinks leaves nothing behind', () => {
  const terminal = createTerminalEmulator();
  const screen = createScreen(terminal.stream);
  screen.draw(['one', 'two', 'three'], INPUT);
  screen.draw([], { lines: ['› '], row: 0, column: 2 });
  expect(terminal.lines()).toEqual(['›']);
});

test('the cursor stands inside an input of several rows, and the next drawing starts at its top', () => {
  const terminal = createTerminalEmulator();
  const screen = createScreen(terminal.stream);
  screen.draw(['live'], { lines: ['› one', '  two', '  three'], row: 1, column: 3 });
  expect(terminal.cursor()).toEqual({ row: 2, column: 3 });
  screen.print(['kept']);
  expect(terminal.lines()).toEqual(['kept', 'live', '› one', '  two', '  three']);
});

test('a screen that is full scrolls what stays and keeps the block whole', () => {
  const terminal = createTerminalEmulator(40, 6);
  const screen = createScreen(terminal.stream);
  screen.draw(['live'], INPUT);
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  for (const line of lines) screen.print([line]);
  expect(terminal.lines()).toEqual([...lines, 'live', '› hello']);
});

test('the same drawing again writes nothing', () => {
  const terminal = createTerminalEmulator();
  const screen = createScreen(terminal.stream);
  screen.draw(['live'], INPUT);
  const before = terminal.raw();
  screen.draw(['live'], INPUT);
  expect(terminal.raw()).toBe(before);
});

test('closing takes the block away and leaves the cursor at the start of an empty line', () => {
  const terminal = createTerminalEmulator();
  const screen = createScreen(terminal.stream);
  screen.print(['kept']);
  screen.draw(['live'], INPUT);
  screen.close();
  expect(terminal.lines()).toEqual(['kept', '']);
  expect(terminal.cursor()).toEqual({ row: 1, column: 0 });
});

test('the live part never gets so high that its first row leaves the screen', () => {
  const terminal = createTerminalEmulator(80, 10);
  const screen = createScreen(terminal.stream);
  screen.draw([], INPUT);
  expect(screen.liveHeight() + INPUT.lines.length).toBeLessThan(10);
});
