import { formatHostPort } from '@reeve/core';
import { chooseSearch } from '@reeve/gateway';
import type { Settings } from '../settings.ts';
import type { Check } from './check.ts';

/** What may leave through the gateway. */
export function networkChecks(settings: Settings): Check[] {
  const { REEVE_PRIVATE_HOSTS: exempt } = settings;
  return [
    {
      id: 'private-hosts',
      title: 'Private hosts',
      expected: 'none that workers may reach, or those that you have named',
      fix: 'Set REEVE_PRIVATE_HOSTS to what you want workers to reach.',
      run: async () => ({
        state: 'ok',
        observed:
          exempt.length === 0 ? 'closed to requests' : `exempt: ${exempt.map(formatHostPort).join(', ')}`,
      }),
    },
    {
      id: 'web-search',
      title: 'Web search',
      expected: 'a search provider, when workers are to search the web',
      fix: 'Set REEVE_SEARCH_URL to a SearXNG address, or REEVE_SEARCH_PROVIDER and REEVE_SEARCH_KEY.',
      async run() {
        const search = chooseSearch(settings);
        return { state: search.kind === 'on' ? 'ok' : 'warning', observed: search.describe };
      },
    },
  ];
}
