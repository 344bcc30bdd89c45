import type { FailureCode, Outcome } from '@reeve/core';
import { problem } from './guard.ts';

/** A problem where the typed routes expect one of their own answers: problems are every route's `default` answer. */
export function refuse(code: FailureCode, about?: string): never {
  return problem(code, about) as never;
}

/** The value, or the answer that refuses it. */
export function valueOr<T>(outcome: Outcome<T>): T | { refused: never } {
  return outcome.kind === 'ok'
    ? outcome.value
    : { refused: refuse(outcome.failure.code, outcome.failure.about) };
}
