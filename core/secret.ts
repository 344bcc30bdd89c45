import { z } from 'zod';
import type { Outcome } from './desk.ts';
import { parseHostPort, parsePrivateHost } from './host.ts';
import type { AuditRecords } from './store.ts';

/** Such as `GITHUB` or `MAIL_PASSWORD`: what `secret:NAME` in a header refers to. */
export const secretNameSchema = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'is made of capital letters, digits and “_”, at most 64, a letter first');

export type SecretHostParse =
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Reads a host that a secret may go to: one host name or address in full, private ones too, without a port. Whether
 * requests may reach a private host at all is decided elsewhere. A single label, such as `nas`, counts only when it is one
 * of `privateNames`: else it is a mistake, such as `com`.
 */
export function parseSecretHost(text: string, privateNames: readonly string[] = []): SecretHostParse {
  const asked = text.trim();
  const known = parseHostPort(asked);
  if (known.kind === 'host')
    return /:\d+$/.test(asked)
      ? refused('name the host without a port')
      : { kind: 'host', host: known.address.host };
  if (asked.includes(',')) return refused('it names several; give each a --host of its own');
  const bare = parsePrivateHost(`${/^[0-9a-f]*:[0-9a-f:.]+$/i.test(asked) ? `[${asked}]` : asked}:443`);
  if (bare.kind === 'refused')
    return refused(bare.reason.includes('wildcards') ? 'wildcards are too wide' : known.reason);
  const host = bare.address.host.replace(/^\[|\]$/g, '');
  if (/[.:]/.test(host) || privateNames.includes(host)) return { kind: 'host', host };
  return refused(
    `“${host}” is one label only; a host of your own network is named in REEVE_PRIVATE_HOSTS first`,
  );
}

function refused(reason: string): SecretHostParse {
  return { kind: 'refused', reason };
}

/** Shorter values could not be told from other text when they are taken out of what a site answers. */
const LEAST_CHARACTERS = 8;
const MOST_CHARACTERS = 4096;

/** What keeps a value from being kept as a secret, as a sentence that does not repeat it; null when nothing does. */
export function secretValueProblem(value: string): string | null {
  if (value.length < LEAST_CHARACTERS) return `it has fewer than ${LEAST_CHARACTERS} characters`;
  if (value.length > MOST_CHARACTERS) return `it has more than ${MOST_CHARACTERS} characters`;
  if (value.startsWith('\uFEFF'))
    return 'it begins with a byte-order mark, which belongs to the file and not to the value';
  if (!/^[\x20-\x7e]*$/.test(value)) return 'it holds characters that no header may hold';
  return value === value.trim() ? null : 'it begins or ends with a space';
}

/** A secret as people may see it: everything but the value. */
export interface SecretView {
  readonly name: string;
  readonly hosts: readonly string[];
  /** Raised each time the value or the hosts change. */
  readonly version: number;
  /** The version of the tenant's key that it is wrapped with. */
  readonly keyVersion: number;
  readonly changedAt: Date;
}

export interface NewSecretValue {
  readonly name: string;
  readonly value: string;
  /** Null keeps the hosts that the secret has. */
  readonly hosts: readonly string[] | null;
}

/** What the owner does with secrets. Values go in and never come out. */
export interface SecretDesk {
  list(): Promise<SecretView[]>;
  /** Makes a secret, or gives the one of that name a new value; with `hosts` null there must be one already. */
  set(secret: NewSecretValue, by: string): Promise<Outcome<SecretView>>;
  remove(name: string, by: string): Promise<Outcome<{ readonly name: string }>>;
  /** Makes a new version of the tenant's key and wraps every secret with it, while they stay usable. */
  rekey(by: string): Promise<Outcome<{ readonly keyVersion: number; readonly secrets: number }>>;
}

/** One version of a secret as it is stored: enveloped, base64. */
export interface SealedSecret {
  readonly name: string;
  readonly version: number;
  /** Part of what the seal covers, so that nobody widens them in the database. */
  readonly hosts: readonly string[];
  readonly keyVersion: number;
  readonly wrappedKey: string;
  readonly sealedValue: string;
  readonly createdAt: Date;
}

export interface SecretRecords {
  /** The versions of one secret, newest first. */
  versions(name: string): Promise<SealedSecret[]>;
  /** The versions that may go to a host, and all of the secrets of these names: by name, newest first. */
  forHost(host: string, names: readonly string[]): Promise<SealedSecret[]>;
  /** Every version of every secret, by name, newest first. */
  all(): Promise<SealedSecret[]>;
  insert(secret: SealedSecret): Promise<void>;
  /** Replaces the wrapped key of a version. */
  rewrap(secret: SealedSecret): Promise<void>;
  /** Forgets the versions before one. */
  forgetBefore(name: string, version: number): Promise<void>;
  /** Removes a secret with all its versions; false when there is none. */
  remove(name: string): Promise<boolean>;
}

/** Where the gateway keeps secrets. */
export interface SecretStore extends Pick<SecretRecords, 'versions' | 'forHost' | 'all'> {
  /** One writer at a time; commits all or nothing. Inside, nothing but the records is awaited. */
  transaction<T>(
    work: (records: {
      readonly secrets: SecretRecords;
      readonly audit: Pick<AuditRecords, 'append'>;
    }) => Promise<T>,
  ): Promise<T>;
}
