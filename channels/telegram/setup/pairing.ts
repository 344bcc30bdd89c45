import { timingSafeEqual } from 'node:crypto';
import { formatApprovalCode } from '@reeve/core';

/** What became of something that somebody unknown wrote while there is no owner. */
export type PairingOutcome =
  | { readonly kind: 'paired' }
  /** Say once what to do. */
  | { readonly kind: 'ask' }
  | { readonly kind: 'silence' };

export interface Pairing {
  /** The code that counts now, and until when; a new one once the old one has expired. */
  current(): { readonly code: string; readonly expiresAt: Date };
  consider(text: string, userId: number): PairingOutcome;
  /** The code that was taken last counts again: whoever typed it could not be made the owner. */
  giveBack(): void;
}

const CODE_CHARACTERS = 8;
const CODE_MS = 60 * 60 * 1000;
/** 22^8 codes: five tries each hour and person, thirty in all, leave nobody a chance. */
const TRIES_EACH = 5;
const TRIES_ALL = 30;
const ASK_AGAIN_MS = 10 * 60 * 1000;
const MOST_PEOPLE = 1000;

/**
 * The one way to become the owner from outside: type the code that is shown where Reeve runs. A code counts once, for an
 * hour, and wrong ones are counted.
 */
export function createPairing(deps: {
  now: () => Date;
  randomBytes: (count: number) => Uint8Array;
  /** Told of every new code, for the operator's side. */
  onCode: (code: string, expiresAt: Date) => void;
}): Pairing {
  let code: { code: string; expiresAt: Date } | null = null;
  let taken: { code: string; expiresAt: Date } | null = null;
  let tries: { userId: number; at: number }[] = [];
  const asked = new Map<number, number>();

  function current(): { code: string; expiresAt: Date } {
    const now = deps.now();
    if (code && code.expiresAt > now) return code;
    code = {
      code: formatApprovalCode(deps.randomBytes(CODE_CHARACTERS)),
      expiresAt: new Date(now.getTime() + CODE_MS),
    };
    deps.onCode(code.code, code.expiresAt);
    return code;
  }

  function askOnce(userId: number, at: number): PairingOutcome {
    const last = asked.get(userId);
    if (last !== undefined && at - last < ASK_AGAIN_MS) return { kind: 'silence' };
    for (const [person, time] of asked) if (at - time >= ASK_AGAIN_MS) asked.delete(person);
    if (asked.size >= MOST_PEOPLE) return { kind: 'silence' };
    asked.set(userId, at);
    return { kind: 'ask' };
  }

  return {
    current,
    giveBack() {
      code = taken ?? code;
    },
    consider(text, userId) {
      const at = deps.now().getTime();
      const given = codeIn(text);
      if (given === null) return askOnce(userId, at);
      tries = tries.filter((one) => at - one.at < CODE_MS);
      const own = tries.filter((one) => one.userId === userId).length;
      if (own >= TRIES_EACH || tries.length >= TRIES_ALL) return { kind: 'silence' };
      const wanted = Buffer.from(current().code);
      const typed = Buffer.from(given);
      if (typed.length === wanted.length && timingSafeEqual(typed, wanted)) {
        taken = code;
        code = null;
        return { kind: 'paired' };
      }
      tries.push({ userId, at });
      return askOnce(userId, at);
    },
  };
}

/** `A7K2…`, alone or behind `/start` as links put it. */
function codeIn(text: string): string | null {
  const [, code] = /^(?:\/start(?:@\w+)?\s+)?([A-Z0-9]{8})\s*$/i.exec(text.trim()) ?? [];
  return code?.toUpperCase() ?? null;
}
