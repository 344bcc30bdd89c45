import {
  type Log,
  replaceSecretReferences,
  type SealedSecret,
  type SecretStore,
  secretsIn,
} from '@reeve/core';
import type { SecretFiller } from '../secret-filler.ts';
import { concealSecrets } from './concealment.ts';
import { openSecret } from './envelope.ts';
import type { SecretKeys } from './secret-keys.ts';

export interface SecretFillerDeps {
  readonly store: Pick<SecretStore, 'forHost'>;
  readonly keys: Pick<SecretKeys, 'all'>;
  readonly log: Log;
}

/**
 * Fills in the tenant's secrets, each towards the hosts that it was set for and no others. What comes back is rid of
 * every value that this host may have been sent, by this request or by an earlier one: a site may keep it and show it
 * later, also after it was replaced.
 *
 * @throws {StoreUnavailable} from `fill` when the database is away.
 */
export function createSecretFiller({ store, keys, log }: SecretFillerDeps): SecretFiller {
  return {
    async fill(headers, host) {
      const names = secretsIn({ headers });
      const sealed = await store.forHost(host, names);
      for (const name of names) {
        const problem = reachProblem(name, host, newestOf(name, sealed));
        if (problem !== null) return { kind: 'refused', reason: problem };
      }
      if (sealed.length === 0) return { kind: 'filled', headers, hide: null };
      // After the versions: a key that came in between is there, and the one before it is kept.
      const values = openAll(sealed, await keys.all(), log);
      const current = new Map<string, string>();
      for (const name of names) {
        const value = values.get(newestOf(name, sealed));
        if (value === undefined)
          return {
            kind: 'refused',
            reason: `The secret ${name} does not open; its owner must set it again.`,
          };
        current.set(name, value);
      }
      const filled = Object.entries(headers).map(([header, text]) => [
        header,
        replaceSecretReferences(text, (name) => current.get(name) ?? ''),
      ]);
      return {
        kind: 'filled',
        headers: Object.fromEntries(filled),
        hide: concealSecrets([...values.values()]),
      };
    },
  };
}

/** Of versions with the newest of each name first. */
function newestOf(name: string, sealed: readonly SealedSecret[]): SealedSecret | undefined {
  return sealed.find((version) => version.name === name);
}

/** Why a secret may not go to a host, as a sentence; null when it may. */
function reachProblem(name: string, host: string, newest: SealedSecret | undefined): string | null {
  if (!newest) return `There is no secret ${name}.`;
  return newest.hosts.includes(host)
    ? null
    : `The secret ${name} may go to ${newest.hosts.join(', ')} only, not to ${host}.`;
}

/** The values of the versions that open; the others are logged. */
function openAll(
  sealed: readonly SealedSecret[],
  keys: ReadonlyMap<number, Uint8Array>,
  log: Log,
): ReadonlyMap<SealedSecret | undefined, string> {
  const values = new Map<SealedSecret, string>();
  for (const version of sealed) {
    const key = keys.get(version.keyVersion);
    const value = key ? openSecret(version, key) : null;
    if (value !== null) values.set(version, value);
    else {
      const { name, version: number, keyVersion } = version;
      log.error({ name, version: number, keyVersion }, 'a secret does not open');
    }
  }
  return values;
}
