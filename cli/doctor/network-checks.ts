import { formatHostPort } from '@reeve/core';
import type { Settings } from '../settings.ts';
import type { Check } from './check.ts';

/** What may leave through the gateway. */
export function networkChecks({ REEVE_PRIVATE_HOSTS: exempt }: Settings): Check[] {
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
  ];
}
