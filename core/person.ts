/** What somebody may do: the owner decides, a member talks, a stranger gets nothing. */
export type Role = 'owner' | 'member' | 'stranger';

/** Somebody whom the owner has admitted, as their channel knows them. */
export interface Person {
  readonly channel: string;
  /** Stable id within the channel. */
  readonly externalId: string;
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
