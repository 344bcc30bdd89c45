/** What somebody may do: the owner decides, a member talks, a stranger gets nothing. */
export type Role = 'owner' | 'member' | 'stranger';

/** Somebody as their channel knows them: what tells two people of one name apart. */
export interface PersonKey {
  readonly channel: string;
  /** Stable id within the channel. */
  readonly externalId: string;
}

/** Somebody whom the owner has admitted. */
export interface Person extends PersonKey {
  readonly role: 'owner' | 'member';
  /** What the owner calls them. */
  readonly name: string;
  readonly addedBy: string;
  readonly addedAt: Date;
}

export interface PeopleRecords {
  list(): Promise<Person[]>;
  /** Adds somebody, or gives who is there another role and name. */
  put(person: Person): Promise<void>;
  /** False when there is nobody of that id. */
  remove(channel: string, externalId: string): Promise<boolean>;
}
