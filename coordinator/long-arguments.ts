import { type AskedCall, sha256Hex } from '@reeve/core';

/** An argument that is too long for a card, as the file that is attached to it. */
export interface LongArgument {
  readonly name: string;
  /** Among the owner's files; the same for the same call. */
  readonly path: string;
  readonly text: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The folder of what cards have attached. A worker that could write there could change what a person reads before a yes. */
const QUESTIONS = 'questions/';

export function isAttachedToQuestion(path: string): boolean {
  return path.startsWith(QUESTIONS);
}

/** In characters; what is longer is attached whole, and its beginning shown. */
const SHOWN_WHOLE = 1500;
export const SHOWN_BEGINNING = 300;

/** The arguments of a call that its card does not show whole. `digest` names the call. */
export function longArguments(
  { arguments: args }: Pick<AskedCall, 'arguments'>,
  digest: string,
): LongArgument[] {
  return Object.entries(args).flatMap(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
    if (text.length <= SHOWN_WHOLE) return [];
    const safeName = name.replace(/[^a-z0-9_-]/gi, '_').slice(0, 40) || 'argument';
    const path = `${QUESTIONS}${digest.slice(0, 16)}/${safeName}.txt`;
    return [{ name, path, text, bytes: Buffer.byteLength(text), sha256: sha256Hex(text) }];
  });
}
