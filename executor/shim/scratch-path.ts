import { isUtf8 } from 'node:buffer';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { RefusalCode } from './protocol.ts';

/** An operation that the shim will not or cannot do; the loop gets code and detail. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  constructor(code: RefusalCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/**
 * The real path of an existing entry inside `root`, links followed. Throws Refusal `outside` when name or link lead
 * out. This keeps the agent's file tools honest about what scratch is; the wall is the sandbox around the shim, where
 * a link swapped after the check still reaches nothing that a command could not read itself.
 */
export async function resolveExisting(root: string, path: string): Promise<string> {
  const named = resolveName(root, path);
  return insideOrRefuse(root, await realpath(named), path);
}

/**
 * Where an entry called `path` would be: the last name is not followed, its parents are, as far as they exist.
 * Throws Refusal `outside`, or `invalid` for the scratch directory itself.
 */
export async function resolveTarget(root: string, path: string): Promise<string> {
  const named = resolveName(root, path);
  if (named === root) throw new Refusal('invalid', 'the scratch directory itself');
  const missing = [basename(named)];
  for (let parent = dirname(named); ; parent = dirname(parent)) {
    const real = await realpathIfExists(parent);
    if (real !== undefined) return join(insideOrRefuse(root, real, path), ...missing);
    missing.unshift(basename(parent));
  }
}

/** A name for people and JSON: UTF-8 as it is, anything else with its odd bytes as `\xNN`. */
export function displayName(name: Buffer): { readonly text: string; readonly escaped: boolean } {
  if (isUtf8(name)) return { text: name.toString('utf8'), escaped: false };
  let text = '';
  for (const byte of name) {
    text +=
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return { text, escaped: true };
}

function resolveName(root: string, path: string): string {
  if (path.includes('\0')) throw new Refusal('invalid', 'a path cannot contain a zero byte');
  return insideOrRefuse(root, resolve(root, path), path);
}

function insideOrRefuse(root: string, candidate: string, path: string): string {
  const rest = relative(root, candidate);
  if (rest === '..' || rest.startsWith('../'))
    throw new Refusal('outside', `outside the scratch directory: ${path}`);
  return candidate;
}

async function realpathIfExists(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
