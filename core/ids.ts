import { z } from 'zod';

/** A task's short id as people see and type it: `T-142`. Its number is unique within a tenant and never reused. */
export type TaskId = `T-${number}`;

/** Accepts what a person may type for a task (`T-3`, `t-3`, `T3`, `3`) and yields the canonical form. */
export const taskIdSchema = z
  .string()
  .trim()
  .regex(/^[Tt]?-?([1-9]\d{0,8})$/)
  .transform((text): TaskId => formatTaskId(Number(text.replace(/\D/g, ''))));

export const taskIdStrictSchema = z.templateLiteral(['T-', z.number().int().positive()]);

export function formatTaskId(taskNumber: number): TaskId {
  return `T-${taskNumber}`;
}

export function taskNumberOf(id: TaskId): number {
  return Number(id.slice(2));
}

/**
 * Letters and digits of approval codes. Those that people confuse when they read or hear them
 * (0/O, 1/I/L, 5/S, 2/Z, 8/B, U/V) are left out, so that `A7K2` can be typed from a phone's screen.
 */
export const APPROVAL_CODE_ALPHABET = 'ACDEFGHJKMNPQRTWXY3479';

/** Accepts an approval code in any case and with stray spaces; yields it in capitals. */
export const approvalCodeSchema = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z0-9]{4,8}$/);

/** Renders random bytes as an approval code, one character a byte. */
export function formatApprovalCode(random: Uint8Array): string {
  return Array.from(random, (byte) => APPROVAL_CODE_ALPHABET[byte % APPROVAL_CODE_ALPHABET.length]).join('');
}
