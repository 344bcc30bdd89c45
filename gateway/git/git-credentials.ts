import type { Log, SealedSecret, SecretStore } from '@reeve/core';
import { openSecret } from '../secrets/envelope.ts';
import type { SecretKeys } from '../secrets/secret-keys.ts';

/** Who the gateway is towards a Git host. */
export interface GitCredentials {
  /** Rejects when the store does not answer. */
  forHost(host: string): Promise<GitCredential>;
}

export type GitCredential =
  | { readonly kind: 'none' }
  /** The value of an `authorization` header. */
  | { readonly kind: 'basic'; readonly name: string; readonly authorization: string }
  /** `reason` is a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The user name that goes with a bare token; GitHub asks for this one, others take any. */
const TOKEN_USER = 'x-access-token';

/**
 * The secret for Git at a host is the one whose name is `GIT` or begins with `GIT_` and that may go to that host; there may
 * be one such secret for each host. Its value is a token, or `user:password`.
 */
export function createGitCredentials(deps: {
  readonly store: Pick<SecretStore, 'all'>;
  readonly keys: Pick<SecretKeys, 'all'>;
  readonly log: Log;
}): GitCredentials {
  return {
    async forHost(host) {
      const newest = new Map<string, SealedSecret>();
      for (const sealed of await deps.store.all()) {
        const known = newest.get(sealed.name);
        if (!known || known.version < sealed.version) newest.set(sealed.name, sealed);
      }
      const fitting = [...newest.values()].filter(
        ({ name, hosts }) => /^GIT(?:_|$)/.test(name) && hosts.includes(host),
      );
      const [sealed, other] = fitting;
      if (!sealed) return { kind: 'none' };
      if (other)
        return refused(`Both ${sealed.name} and ${other.name} are for Git at ${host}; keep one of them.`);
      const key = (await deps.keys.all()).get(sealed.keyVersion);
      const value = key ? openSecret(sealed, key) : null;
      if (value === null) {
        const { name, version, keyVersion } = sealed;
        deps.log.error({ name, version, keyVersion }, 'a secret does not open');
        return refused(`The secret ${name} does not open; its owner must set it again.`);
      }
      const pair = value.includes(':') ? value : `${TOKEN_USER}:${value}`;
      return {
        kind: 'basic',
        name: sealed.name,
        authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`,
      };
    },
  };
}

/** What a host that was sent a credential could repeat: the header's value and what is in it, without the user name. */
export function echoesOf(credential: GitCredential): string[] {
  if (credential.kind !== 'basic') return [];
  const encoded = credential.authorization.replace(/^Basic /, '');
  const [, ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return [encoded, password.join(':')].filter((value) => value !== '');
}

function refused(reason: string): GitCredential {
  return { kind: 'refused', reason };
}
