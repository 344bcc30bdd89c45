import { describe, expect, it } from 'vitest';
import { AUDIT_GENESIS, type AuditEntry, auditBody, auditHash, verifyAudit } from './audit.ts';

const AT = new Date('2026-11-20T10:00:00Z');

function chain(length: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  let previousHash = AUDIT_GENESIS;
  for (let sequence = 1; sequence <= length; sequence += 1) {
    const subject = `T-${sequence}`;
    const body = auditBody(
      { event: 'task-created', actor: 'coordinator', subject, detail: { sequence } },
      AT,
    );
    const hash = auditHash(previousHash, sequence, body);
    entries.push({ sequence, body, subject, previousHash, hash });
    previousHash = hash;
  }
  return entries;
}

function verify(
  entries: readonly AuditEntry[],
  anchors: readonly AuditEntry[] = [],
): ReturnType<typeof verifyAudit> {
  return verifyAudit(ReadableStream.from(entries), anchors);
}

function changed(entries: readonly AuditEntry[], sequence: number, patch: Partial<AuditEntry>): AuditEntry[] {
  return entries.map((entry) => (entry.sequence === sequence ? { ...entry, ...patch } : entry));
}

describe('an audit chain', () => {
  const entries = chain(6);

  it('is intact as it was written, the empty one too', async () => {
    expect(await verify(entries, entries)).toEqual({ kind: 'intact', entries: 6, head: entries[5]?.hash });
    expect(await verify([])).toEqual({ kind: 'intact', entries: 0, head: AUDIT_GENESIS });
  });

  it.each([
    ['a changed body', changed(entries, 3, { body: chain(1)[0]?.body ?? '' }), 3, 'was changed'],
    ['a changed hash', changed(entries, 3, { hash: AUDIT_GENESIS }), 3, 'was changed'],
    ['another predecessor', changed(entries, 4, { previousHash: AUDIT_GENESIS }), 4, 'does not follow'],
    ['another subject', changed(entries, 2, { subject: 'T-9' }), 2, 'another subject'],
    ['a missing entry', entries.filter(({ sequence }) => sequence !== 3), 3, 'is missing'],
    ['a missing first entry', entries.slice(1), 1, 'is missing'],
  ])('is broken by %s', async (_name, broken, sequence, reason) => {
    expect(await verify(broken)).toMatchObject({
      kind: 'broken',
      sequence,
      reason: expect.stringContaining(reason),
    });
  });

  it('cannot lose its end unnoticed', async () => {
    expect(await verify(entries.slice(0, 4), entries)).toEqual({
      kind: 'broken',
      sequence: 5,
      reason: 'entries 5 to 6 were removed',
    });
  });

  it('cannot be written anew unnoticed', async () => {
    const forged = chain(6).map((entry) => entry);
    const body = auditBody(
      { event: 'nothing-happened', actor: 'coordinator', subject: 'T-1', detail: {} },
      AT,
    );
    const hash = auditHash(AUDIT_GENESIS, 1, body);
    forged.splice(0, 6, { sequence: 1, body, subject: 'T-1', previousHash: AUDIT_GENESIS, hash });
    expect(await verify(forged, entries.slice(0, 1))).toMatchObject({
      kind: 'broken',
      sequence: 1,
      reason: expect.stringContaining('noted at the time'),
    });
  });
});
