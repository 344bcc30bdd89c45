import type { SecretDesk, SecretView } from '@reeve/core';

/** A desk that keeps no values but those that it was given last, for tests to look at. */
export function createFakeSecrets(): SecretDesk & { readonly given: Map<string, string> } {
  const given = new Map<string, string>();
  const views = new Map<string, SecretView>();
  return {
    given,
    list: async () => [...views.values()],
    async set({ name, value, hosts }) {
      const known = views.get(name);
      const bound = hosts ?? known?.hosts;
      if (!bound) return { kind: 'failed', failure: { code: 'secret-unknown', about: name } };
      const changedAt = new Date('2026-11-21T12:00:00.000Z');
      const view = { name, hosts: bound, version: (known?.version ?? 0) + 1, keyVersion: 1, changedAt };
      views.set(name, view);
      given.set(name, value);
      return { kind: 'ok', value: view };
    },
    async remove(name) {
      return views.delete(name)
        ? { kind: 'ok', value: { name } }
        : { kind: 'failed', failure: { code: 'secret-unknown', about: name } };
    },
    rekey: async () => ({ kind: 'ok', value: { keyVersion: 2, secrets: views.size } }),
  };
}
