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
  /** The body's subject once more, for look-ups. */
  readonly subject: string;
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

/** Where the chain's head stood at some time: kept apart from the entries, so that cutting the chain shows. */
export interface AuditAnchor {
  readonly sequence: number;
  readonly hash: string;
}

export type AuditCheck =
  | { readonly kind: 'intact'; readonly entries: number; readonly head: string }
  | { readonly kind: 'broken'; readonly sequence: number; readonly reason: string };

/**
 * Verifies a chain from its first entry on and names the first broken one. Every anchor must be an entry of the chain;
 * an anchor past its end means that entries were removed.
 */
export async function verifyAudit(
  entries: AsyncIterable<AuditEntry>,
  anchors: readonly AuditAnchor[],
): Promise<AuditCheck> {
  const expected = new Map(
    anchors.filter(({ sequence }) => sequence > 0).map(({ sequence, hash }) => [sequence, hash]),
  );
  const lastAnchor = Math.max(0, ...expected.keys());
  let head = AUDIT_GENESIS;
  let count = 0;
  for await (const entry of entries) {
    const sequence = count + 1;
    const reason = problemOf(entry, sequence, head, expected.get(sequence));
    if (reason) return { kind: 'broken', sequence, reason };
    head = entry.hash;
    count = sequence;
  }
  if (count < lastAnchor)
    return {
      kind: 'broken',
      sequence: count + 1,
      reason: `entries ${count + 1} to ${lastAnchor} were removed`,
    };
  return { kind: 'intact', entries: count, head };
}

function problemOf(
  entry: AuditEntry,
  sequence: number,
  head: string,
  anchor: string | undefined,
): string | null {
  if (entry.sequence !== sequence) return `entry ${sequence} is missing`;
  if (entry.previousHash !== head) return `entry ${sequence} does not follow entry ${sequence - 1}`;
  if (auditHash(head, sequence, entry.body) !== entry.hash) return `entry ${sequence} was changed`;
  if (subjectOf(entry.body) !== entry.subject) return `entry ${sequence} was filed under another subject`;
  if (anchor !== undefined && anchor !== entry.hash)
    return `entry ${sequence} is not the one that was noted at the time`;
  return null;
}

function subjectOf(body: string): unknown {
  const value: unknown = JSON.parse(body);
  return value !== null && typeof value === 'object' && 'subject' in value ? value.subject : undefined;
}
