/** The tenant's keys for secrets, by version, from 1; 32 bytes each, kept outside of the database. */
export interface SecretKeys {
  all(): Promise<ReadonlyMap<number, Uint8Array>>;
  /** Makes the next version and returns it; it is stored when this resolves. */
  add(): Promise<number>;
  /** Forgets the versions before one. */
  forgetBefore(version: number): Promise<void>;
}
