import { expect, it } from 'vitest';
import { checkRendering } from '../testing/check-rendering.ts';

/** The bench takes a hundred thousand. */
const CASES = 10_000;

it('whatever a model writes is taken by the server as it is, whole and in order', () => {
  expect(checkRendering(CASES)).toEqual({ cases: CASES, counterexample: null });
}, 120_000);
