import type {
  AuditEvent,
  Clock,
  Origin,
  Outcome,
  PeopleRecords,
  Person,
  Role,
  Sender,
  Store,
} from '@reeve/core';

/** What a message of theirs counts as; what they only pass on is untrusted, as a web page is. */
export function originOf(role: Role, sender: Sender, forwardedFrom?: string): Origin {
  if (forwardedFrom !== undefined)
    return { kind: 'untrusted', source: `a message from ${forwardedFrom} that ${sender.name} passed on` };
  return role === 'owner' ? { kind: 'owner', person: sender.name } : { kind: 'member', person: sender.name };
}

/** The id that the local HTTP channel gives to whoever holds its token. */
export const LOCAL_OWNER: Sender = { externalId: 'owner', name: 'owner' };
/** The channel of the local API, whose clients are web, terminal and scripts. */
export const LOCAL_CHANNEL = 'http';

/** Who may do what. One answer for messages, buttons, commands and API. */
export interface People {
  /** Reads whom the owner has admitted; once, before anything else. */
  load(): Promise<void>;
  roleOf(sender: Sender, channel: string): Role;
  /** The same sender by the name that the owner gave them: what people call themselves proves nothing, in audit and on cards. */
  called(sender: Sender, channel: string): Sender;
  list(): readonly Person[];
  /** Admits somebody, or changes their role; counts from the commit on. */
  add(person: Omit<Person, 'addedAt'>): Promise<Outcome<Person>>;
  /** From the commit on they are a stranger. */
  remove(channel: string, externalId: string, by: string): Promise<Outcome<Person>>;
}

/**
 * Whoever holds the local API's token is the owner, always: nobody can be locked out of their own machine. Everybody
 * else is who the owner says; a change and its audit entry commit together.
 */
export function createPeople(deps: { store: Pick<Store, 'people' | 'transaction'>; clock: Clock }): People {
  const { store, clock } = deps;
  let known: ReadonlyMap<string, Person> = new Map();

  async function load(records: Pick<Store, 'people'> = store): Promise<void> {
    known = new Map((await records.people.list()).map((person) => [keyOf(person), person]));
  }

  async function change(
    write: (people: PeopleRecords) => Promise<unknown>,
    event: Omit<AuditEvent, 'actor'>,
    by: string,
  ): Promise<void> {
    await store.transaction(async (records) => {
      await write(records.people);
      await records.audit.append({ ...event, actor: `person:${by}` }, clock.now());
    });
    await load();
  }

  return {
    load,
    roleOf({ externalId }, channel) {
      if (isLocalOwner(channel, externalId)) return 'owner';
      return known.get(keyOf({ channel, externalId }))?.role ?? 'stranger';
    },
    called(sender, channel) {
      const name = known.get(keyOf({ channel, externalId: sender.externalId }))?.name;
      return name === undefined ? sender : { ...sender, name };
    },
    list: () => [...known.values()],
    async add(given) {
      const { channel, externalId, role, name, addedBy } = given;
      const subject = `${channel}:${externalId}`;
      if (isLocalOwner(channel, externalId))
        return { kind: 'failed', failure: { code: 'person-fixed', about: subject } };
      const person: Person = { ...given, addedAt: clock.now() };
      const event = { event: 'person-added', subject, detail: { role, name } };
      await change((people) => people.put(person), event, addedBy);
      return { kind: 'ok', value: person };
    },
    async remove(channel, externalId, by) {
      const subject = `${channel}:${externalId}`;
      if (isLocalOwner(channel, externalId))
        return { kind: 'failed', failure: { code: 'person-fixed', about: subject } };
      const person = known.get(keyOf({ channel, externalId }));
      if (!person) return { kind: 'failed', failure: { code: 'person-unknown', about: subject } };
      const { role, name } = person;
      const event = { event: 'person-removed', subject, detail: { role, name } };
      await change((people) => people.remove(channel, externalId), event, by);
      return { kind: 'ok', value: person };
    },
  };
}

/** True for whoever holds the token of the home. */
export function isLocalOwner(channel: string, externalId: string): boolean {
  return channel === LOCAL_CHANNEL && externalId === LOCAL_OWNER.externalId;
}

function keyOf({ channel, externalId }: Pick<Person, 'channel' | 'externalId'>): string {
  return JSON.stringify([channel, externalId]);
}
