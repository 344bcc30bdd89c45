import { canonicalJson, type EffectCall, type JsonValue, sha256Hex } from '@reeve/core';

/** In characters. What is longer stands in the records of questions and permits; the chain can never be shortened. */
const LONGEST = 2000;

/** A call for the audit chain: of long arguments their size and hash, which is enough to recognise them. */
export function auditedCall({
  callId,
  tool,
  arguments: args,
}: Pick<EffectCall, 'callId' | 'tool' | 'arguments'>): {
  callId: string;
  tool: string;
  arguments: { [name: string]: JsonValue };
} {
  const whole = canonicalJson(args);
  if (whole.length <= LONGEST) return { callId, tool, arguments: { ...args } };
  const entries = Object.entries(args).map(([name, value]): [string, JsonValue] => {
    const text = typeof value === 'string' ? value : canonicalJson(value);
    return [name, text.length <= LONGEST / 10 ? value : digestOfText(text)];
  });
  const shortened = Object.fromEntries(entries);
  return {
    callId,
    tool,
    arguments: canonicalJson(shortened).length <= LONGEST * 2 ? shortened : digestOfText(whole),
  };
}

function digestOfText(text: string): { bytes: number; sha256: string } {
  return { bytes: Buffer.byteLength(text), sha256: sha256Hex(text) };
}
