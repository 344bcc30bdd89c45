import { expect, it } from 'vitest';
import { calculate } from './calculator.ts';
import type { ToolContext } from './tool.ts';

/** In a thread of its own, as always. */
const resultOf = (expression: string) => calculate({ expression }, {} as ToolContext);

it.each([
  ['0.1 + 0.2', '0.3'],
  ['2^200', '1606938044258990275541962092341162602522202993782792835301376'],
  ['(3 + 4) * 2', '14'],
])('the calculator is exact: %s', async (expression, value) => {
  expect(await resultOf(expression)).toMatchObject({ ok: true, content: value });
});

it.each(['import({pi: 3}, {override: true})', 'f(x) = f(x + 1); f(1)', '1 +', 'evaluate("1+1")'])(
  'the calculator refuses %s',
  async (expression) => {
    expect(await resultOf(expression)).toMatchObject({ ok: false });
  },
);
