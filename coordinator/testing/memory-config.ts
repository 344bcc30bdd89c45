import type { AuditEvent, ConfigRecords, ConfigRevision, Records, Store } from '@reeve/core';

/** Revisions in memory, with the audit entries that came with them. */
export function createMemoryConfig(): {
  readonly store: Pick<Store, 'config' | 'transaction'>;
  readonly audit: AuditEvent[];
} {
  const revisions: ConfigRevision[] = [];
  const audit: AuditEvent[] = [];
  const config: ConfigRecords = {
    async insert(draft) {
      const revision = { ...draft, id: revisions.length + 1 };
      revisions.push(revision);
      return revision;
    },
    current: async () => [...new Map(revisions.map((revision) => [revision.name, revision])).values()],
    byRequest: async (request) => revisions.find((revision) => revision.request === request) ?? null,
    newestStanding: async () =>
      revisions.findLast(
        ({ id, undoes }) => undoes === null && !revisions.some((later) => later.undoes === id),
      ) ?? null,
    history: async (limit) => revisions.toReversed().slice(0, limit),
  };
  const records = { config, audit: { append: async (event: AuditEvent) => void audit.push(event) } };
  return {
    store: { config, transaction: (work) => work(records as unknown as Records) },
    audit,
  };
}
