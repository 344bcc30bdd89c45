import type { JsonValue } from './canonical.ts';
import { canonicalJson, sha256Hex } from './canonical.ts';

/** What happened, before it has a place in the chain. Secrets are redacted before an entry is made. */
export interface AuditEvent {
  /** Noun-action, such as `approval-decided`. */
  readonly event: string;
  /** A process or a person: `coordinator`, `gateway`, `person:<id>`. */
  readonly actor: string;
  /** What it is about: a task id, an approval code, a file path. */
  readonly subject: string;
  readonly detail: { readonly [name: string]: JsonValue };
}

export interface AuditEntry {
  readonly sequence: number;
  /** Canonical JSON of `{ at, event, actor, subject, detail }`, exactly as hashed. */
  readonly body: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** The hash before the first entry. */
export const AUDIT_GENESIS = '0'.repeat(64);

export function auditBody(event: AuditEvent, at: Date): string {
  return canonicalJson({ at: at.toISOString(), ...event });
}

/**
 * An entry's hash: SHA-256 over the previous hash, the sequence number and the body, joined by line feeds. The SQL
 * function `audit_append()` computes the same.
 */
export function auditHash(previousHash: string, sequence: number, body: string): string {
  return sha256Hex(`${previousHash}\n${sequence}\n${body}`);
}

export type AuditCheck =
  | { readonly kind: 'intact'; readonly entries: number; readonly head: string }
  | { readonly kind: 'broken'; readonly sequence: number; readonly reason: string };

/** Verifies a chain from its first entry on and names the first broken one. */
export async function verifyAudit(entries: AsyncIterable<AuditEntry>): Promise<AuditCheck> {
  let head = AUDIT_GENESIS;
  let count = 0;
  for await (const entry of entries) {
    const sequence = count + 1;
    if (entry.sequence !== sequence)
      return { kind: 'broken', sequence, reason: `entry ${sequence} is missing` };
    if (entry.previousHash !== head)
      return { kind: 'broken', sequence, reason: `entry ${sequence} does not follow entry ${count}` };
    if (auditHash(head, sequence, entry.body) !== entry.hash)
      return { kind: 'broken', sequence, reason: `entry ${sequence} was changed` };
    head = entry.hash;
    count = sequence;
  }
  return { kind: 'intact', entries: count, head };
}
