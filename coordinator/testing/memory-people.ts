import type { AuditEvent, PeopleRecords, Person, Records, Store } from '@reeve/core';

/** People in memory, with the audit entries that came with them. */
export function createMemoryPeople(): {
  readonly store: Pick<Store, 'people' | 'transaction'>;
  readonly audit: AuditEvent[];
} {
  const kept = new Map<string, Person>();
  const audit: AuditEvent[] = [];
  const people: PeopleRecords = {
    list: async () => [...kept.values()],
    put: async (person) => void kept.set(`${person.channel} ${person.externalId}`, person),
    remove: async (channel, externalId) => kept.delete(`${channel} ${externalId}`),
  };
  const records = { people, audit: { append: async (event: AuditEvent) => void audit.push(event) } };
  return {
    store: { people, transaction: (work) => work(records as unknown as Records) },
    audit,
  };
}
