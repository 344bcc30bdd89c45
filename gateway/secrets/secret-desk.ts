import {
  type AuditEvent,
  type Clock,
  type FailureCode,
  parseSecretHost,
  type SealedSecret,
  type SecretDesk,
  type SecretRecords,
  type SecretStore,
  type SecretView,
  secretNameSchema,
  secretValueProblem,
} from '@reeve/core';
import { type RandomBytes, rewrapSecret, sealSecret, type TenantKey } from './envelope.ts';
import type { SecretKeys } from './secret-keys.ts';

export interface SecretDeskDeps {
  readonly store: SecretStore;
  readonly keys: SecretKeys;
  readonly clock: Pick<Clock, 'now'>;
  readonly randomBytes: RandomBytes;
  /** Hosts that the operator has named as private: the only names of a single label that a secret may go to. */
  readonly privateNames: readonly string[];
}

/**
 * Keeps the tenant's secrets. The newest version of each is in use; the one before it stays readable until the next
 * replaces it, for requests under way. Every change is in the audit chain, without the value.
 *
 * @throws {StoreUnavailable} from every method when the database is away.
 */
export function createSecretDesk(deps: SecretDeskDeps): SecretDesk {
  const { store, clock } = deps;
  return {
    async list() {
      const newest = new Map<string, SealedSecret>();
      for (const secret of await store.all()) if (!newest.has(secret.name)) newest.set(secret.name, secret);
      return [...newest.values()].map(toView);
    },

    async set({ name, value, hosts }, by) {
      if (!secretNameSchema.safeParse(name).success) return failed('secret-name-refused', shortened(name));
      const bound = hosts === null ? null : readHosts(hosts, deps.privateNames);
      if (bound?.kind === 'refused') return failed('secret-host-refused', bound.reason);
      const problem = secretValueProblem(value);
      if (problem !== null) return failed('secret-value-refused', problem);
      const key = await currentKey(deps.keys);
      return store.transaction(async ({ secrets, audit }) => {
        const [newest] = await secrets.versions(name);
        const wanted = bound?.hosts ?? newest?.hosts;
        if (!wanted) return failed('secret-unknown', name);
        const version = (newest?.version ?? 0) + 1;
        const secret = { name, version, hosts: wanted, value, createdAt: clock.now() };
        const sealed = sealSecret(secret, key, deps.randomBytes);
        await secrets.insert(sealed);
        await secrets.forgetBefore(name, version - 1);
        await audit.append(eventOf('secret-set', by, sealed), sealed.createdAt);
        return { kind: 'ok', value: toView(sealed) };
      });
    },

    remove: (name, by) =>
      store.transaction(async ({ secrets, audit }) => {
        const [newest] = await secrets.versions(name);
        if (!newest || !(await secrets.remove(name))) return failed('secret-unknown', shortened(name));
        await audit.append(eventOf('secret-removed', by, newest), clock.now());
        return { kind: 'ok', value: { name } };
      }),

    async rekey(by) {
      const version = await deps.keys.add();
      const keys = await deps.keys.all();
      const outcome = await store.transaction(async ({ secrets, audit }) => {
        const moved = await rewrapAll(secrets, keys, version, deps.randomBytes);
        if (moved.kind === 'unreadable') return failed('secret-unreadable', moved.name);
        await audit.append(
          {
            event: 'secrets-rekeyed',
            actor: by,
            subject: 'secrets',
            detail: { keyVersion: version, versions: moved.versions },
          },
          clock.now(),
        );
        return { kind: 'ok' as const, value: { keyVersion: version, secrets: moved.secrets } };
      });
      // The key before stays until the next time: a request or a change may have begun with it, and a backup needs it.
      if (outcome.kind === 'ok') await deps.keys.forgetBefore(version - 1);
      return outcome;
    },
  };
}

type Moved =
  | { readonly kind: 'moved'; readonly secrets: number; readonly versions: number }
  | { readonly kind: 'unreadable'; readonly name: string };

/** Wraps every version with this key; writes nothing when one does not open. */
async function rewrapAll(
  records: SecretRecords,
  keys: ReadonlyMap<number, Uint8Array>,
  version: number,
  randomBytes: RandomBytes,
): Promise<Moved> {
  const to = keyOf(keys, version);
  // Another rekeying that began later may be through already.
  const all = (await records.all()).filter(({ keyVersion }) => keyVersion < version);
  const rewrapped: SealedSecret[] = [];
  for (const secret of all) {
    const from = keys.get(secret.keyVersion);
    const next = from ? rewrapSecret(secret, from, to, randomBytes) : null;
    if (next === null) return { kind: 'unreadable', name: secret.name };
    rewrapped.push(next);
  }
  for (const secret of rewrapped) await records.rewrap(secret);
  return {
    kind: 'moved',
    secrets: new Set(all.map(({ name }) => name)).size,
    versions: rewrapped.length,
  };
}

async function currentKey(keys: SecretKeys): Promise<TenantKey> {
  const known = await keys.all();
  if (known.size > 0) return keyOf(known, Math.max(...known.keys()));
  const version = await keys.add();
  return keyOf(await keys.all(), version);
}

function keyOf(keys: ReadonlyMap<number, Uint8Array>, version: number): TenantKey {
  const key = keys.get(version);
  if (!key) throw new Error(`version ${version} of the tenant's key is missing`);
  return { version, key };
}

type Hosts =
  | { readonly kind: 'hosts'; readonly hosts: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string };

function readHosts(texts: readonly string[], privateNames: readonly string[]): Hosts {
  if (texts.length === 0) return { kind: 'refused', reason: 'none is named' };
  const hosts = new Set<string>();
  for (const text of texts) {
    const parsed = parseSecretHost(text, privateNames);
    if (parsed.kind === 'refused') return parsed;
    hosts.add(parsed.host);
  }
  return { kind: 'hosts', hosts: [...hosts].sort() };
}

function toView({ name, hosts, version, keyVersion, createdAt }: SealedSecret): SecretView {
  return { name, hosts, version, keyVersion, changedAt: createdAt };
}

function eventOf(event: string, actor: string, { name, version, hosts }: SealedSecret): AuditEvent {
  return { event, actor, subject: `secret:${name}`, detail: { version, hosts: [...hosts] } };
}

/** Who mistakes the order of arguments may give a value for a name; little of it is repeated. */
function shortened(name: string): string {
  return secretNameSchema.safeParse(name).success ? name : 'what was given';
}

function failed(code: FailureCode, about: string) {
  return { kind: 'failed' as const, failure: { code, about } };
}
