/** The settings that choose a search provider; names as operators write them. */
export interface SearchSettings {
  readonly REEVE_SEARCH_PROVIDER: SearchProviderName | undefined;
  readonly REEVE_SEARCH_URL: string | undefined;
  readonly REEVE_SEARCH_KEY: string | undefined;
}

export const SEARCH_PROVIDERS = ['searxng', 'brave', 'tavily'] as const;
export type SearchProviderName = (typeof SEARCH_PROVIDERS)[number];

export type SearchChoice =
  | {
      readonly kind: 'on';
      readonly provider: SearchProviderName;
      readonly endpoint: string;
      readonly key: string | null;
      /** In words, for people. */
      readonly describe: string;
    }
  /** `describe` says what to set. */
  | { readonly kind: 'off'; readonly describe: string };

/** Where keyed providers answer; `REEVE_SEARCH_URL` puts another address in its place. */
const ENDPOINTS: Readonly<Record<Exclude<SearchProviderName, 'searxng'>, string>> = {
  brave: 'https://api.search.brave.com/res/v1/web/search',
  tavily: 'https://api.tavily.com/search',
};

/** Chooses the provider from the settings. An address alone means SearXNG; a setting that lacks another one is off. */
export function chooseSearch(settings: SearchSettings): SearchChoice {
  const { REEVE_SEARCH_PROVIDER: named, REEVE_SEARCH_URL: url, REEVE_SEARCH_KEY: key = null } = settings;
  const provider = named ?? (url === undefined ? undefined : 'searxng');
  if (provider === undefined)
    return off(
      'set REEVE_SEARCH_URL to a SearXNG address, or REEVE_SEARCH_PROVIDER to brave or tavily with REEVE_SEARCH_KEY',
    );
  if (provider === 'searxng')
    return url === undefined
      ? off('REEVE_SEARCH_PROVIDER is searxng; set REEVE_SEARCH_URL to its address')
      : on(provider, `${url.replace(/\/+$/, '')}/search`, key);
  return key === null
    ? off(`REEVE_SEARCH_PROVIDER is ${provider}; set REEVE_SEARCH_KEY to your key there`)
    : on(provider, url ?? ENDPOINTS[provider], key);
}

function on(provider: SearchProviderName, endpoint: string, key: string | null): SearchChoice {
  return { kind: 'on', provider, endpoint, key, describe: `${provider} at ${new URL(endpoint).host}` };
}

function off(fix: string): SearchChoice {
  return { kind: 'off', describe: `off: ${fix}` };
}
