import { type Log, replaceSecretReferences, type SecretStore, secretsIn } from '@reeve/core';
import type { SecretFiller } from '../secret-filler.ts';
import { concealSecrets } from './concealment.ts';
import { openSecret } from './envelope.ts';
import type { SecretKeys } from './secret-keys.ts';

export interface SecretFillerDeps {
  readonly store: Pick<SecretStore, 'versions'>;
  readonly keys: Pick<SecretKeys, 'all'>;
  readonly log: Log;
}

/**
 * Fills in the tenant's secrets, each towards the hosts that it was set for and no others. What comes back is rid of
 * the values that went out and of those that they replaced, which a site may still show.
 *
 * @throws {StoreUnavailable} from `fill` when the database is away.
 */
export function createSecretFiller(deps: SecretFillerDeps): SecretFiller {
  return {
    async fill(headers, host) {
      const current = new Map<string, string>();
      const known: string[] = [];
      for (const name of secretsIn({ headers })) {
        const found = await valuesOf(name, host, deps);
        if (found.kind === 'refused') return found;
        current.set(name, found.current);
        known.push(...found.all);
      }
      const filled = Object.entries(headers).map(([header, text]) => [
        header,
        replaceSecretReferences(text, (name) => current.get(name) ?? ''),
      ]);
      return { kind: 'filled', headers: Object.fromEntries(filled), hide: concealSecrets(known) };
    },
  };
}

type Values =
  | { readonly kind: 'values'; readonly current: string; readonly all: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string };

async function valuesOf(name: string, host: string, deps: SecretFillerDeps): Promise<Values> {
  const versions = await deps.store.versions(name);
  const [newest] = versions;
  if (!newest) return { kind: 'refused', reason: `There is no secret ${name}.` };
  if (!newest.hosts.includes(host))
    return {
      kind: 'refused',
      reason: `The secret ${name} may go to ${newest.hosts.join(', ')} only, not to ${host}.`,
    };
  // After the versions: a key that came in between is there, and the one before it is kept.
  const keys = await deps.keys.all();
  const [current, ...earlier] = versions.map((version) => {
    const key = keys.get(version.keyVersion);
    return key ? openSecret(version, key) : null;
  });
  if (current === undefined || current === null) {
    const { version, keyVersion } = newest;
    deps.log.error({ name, version, keyVersion }, 'a secret does not open');
    return { kind: 'refused', reason: `The secret ${name} does not open; its owner must set it again.` };
  }
  return { kind: 'values', current, all: [current, ...earlier.filter((value) => value !== null)] };
}
