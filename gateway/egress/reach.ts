import { allows, type Capability, requestResource } from '@reeve/core';
import { getDomain } from 'tldts';
import { plainHost } from './destination.ts';

/** Names that say nothing of the asker and may follow a redirect to another origin; all other headers stay behind. */
const HARMLESS_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'if-modified-since',
  'if-none-match',
  'range',
  'user-agent',
]);

/**
 * Whether a redirect may be followed: to the site that was asked for (its registrable domain by the public suffix list;
 * for addresses and single labels the very host), or to where the token's own capabilities let it read. Never from
 * `https` to `http`.
 */
export function isWithinReach(
  next: URL,
  from: { readonly current: URL; readonly asked: URL; readonly capabilities: readonly Capability[] },
): boolean {
  if (next.protocol !== 'https:' && next.protocol !== 'http:') return false;
  if (from.current.protocol === 'https:' && next.protocol === 'http:') return false;
  if (next.username !== '' || next.password !== '') return false;
  return (
    siteOf(next) === siteOf(from.asked) ||
    allows(from.capabilities, 'http', requestResource(next.href), 'get')
  );
}

function siteOf({ hostname }: URL): string {
  return getDomain(hostname, { allowPrivateDomains: true }) ?? plainHost(hostname);
}

/** The headers that go along with a redirect: all within an origin, only harmless ones to another. */
export function headersAfterRedirect(
  headers: Readonly<Record<string, string>>,
  from: URL,
  to: URL,
): Record<string, string> {
  if (from.origin === to.origin) return { ...headers };
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) => HARMLESS_HEADERS.has(name.toLowerCase()) && !value.includes('secret:'),
    ),
  );
}
