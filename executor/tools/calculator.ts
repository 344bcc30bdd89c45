import { Worker } from 'node:worker_threads';
import { shorten } from '@reeve/core';
import type { CalculatorMessage, CalculatorReply } from './calculator-thread.ts';
import type { Tool } from './tool.ts';

/** Longest that one expression may take, in milliseconds; a thread of its own can be ended, a loop here could not. */
const LIMIT_MS = 2000;
/** Longest that the thread may take to load the library, on a machine that is busy. */
const LOAD_LIMIT_MS = 20_000;
const MEMORY_MB = 128;

export const calculate: Tool<'calculator'> = async ({ expression }) => {
  const reply = await evaluate(expression);
  const label = shorten(expression, 70);
  if (reply.kind === 'value') return { ok: true, content: reply.text, activity: `calculated ${label}` };
  return {
    ok: false,
    content: `Cannot calculate that: ${reply.problem}`,
    activity: `could not calculate ${label}`,
  };
};

async function evaluate(expression: string): Promise<CalculatorReply> {
  const thread = new Worker(new URL(import.meta.resolve('#calculator-thread')), {
    workerData: expression,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    env: {},
  });
  const { promise, resolve } = Promise.withResolvers<CalculatorReply>();
  const giveUp = (milliseconds: number) =>
    setTimeout(
      () => resolve({ kind: 'problem', problem: `it took longer than ${milliseconds / 1000} seconds` }),
      milliseconds,
    );
  let timer = giveUp(LOAD_LIMIT_MS);
  thread.on('message', (message: CalculatorMessage) => {
    if (message.kind !== 'ready') return resolve(message);
    clearTimeout(timer);
    timer = giveUp(LIMIT_MS);
  });
  thread.once('error', (error) => resolve({ kind: 'problem', problem: error.message }));
  thread.once('exit', () => resolve({ kind: 'problem', problem: 'it gave no result' }));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}
