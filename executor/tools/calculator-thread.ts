import { parentPort, workerData } from 'node:worker_threads';
import { all, create } from 'mathjs';

export type CalculatorReply =
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'problem'; readonly problem: string };

/** What the thread says: first that it is ready to calculate, then what came of it. */
export type CalculatorMessage = { readonly kind: 'ready' } | CalculatorReply;

/** Exact to 64 significant digits. */
const math = create(all ?? {}, { number: 'BigNumber', precision: 64 });
const evaluate = math.evaluate;

/** What an expression could use to change the evaluator or to run parsed text again: refused, after mathjs's advice. */
const REFUSED = ['import', 'createUnit', 'evaluate', 'parse', 'simplify', 'derivative', 'resolve', 'reviver'];
math.import(
  Object.fromEntries(
    REFUSED.map((name) => [
      name,
      () => {
        throw new Error(`${name} is not available here`);
      },
    ]),
  ),
  { override: true },
);

function calculate(expression: string): CalculatorReply {
  try {
    const value: unknown = evaluate(expression);
    if (typeof value === 'function' || value === undefined)
      return { kind: 'problem', problem: 'it has no value' };
    return { kind: 'value', text: math.format(value, { precision: 64, lowerExp: -20, upperExp: 64 }) };
  } catch (error) {
    return { kind: 'problem', problem: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage({ kind: 'ready' });
parentPort?.postMessage(calculate(String(workerData)));
