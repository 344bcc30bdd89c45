import { describe, expect, it } from 'vitest';
import { chooseSearch, type SearchSettings } from './search-choice.ts';

const nothing: SearchSettings = {
  REEVE_SEARCH_PROVIDER: undefined,
  REEVE_SEARCH_URL: undefined,
  REEVE_SEARCH_KEY: undefined,
};

describe('web search', () => {
  it.each([
    [{}, /^off: set REEVE_SEARCH_URL .* or REEVE_SEARCH_PROVIDER/],
    [{ REEVE_SEARCH_KEY: 'k' }, /^off: set REEVE_SEARCH_URL/],
    [{ REEVE_SEARCH_PROVIDER: 'brave' }, /^off: REEVE_SEARCH_PROVIDER is brave; set REEVE_SEARCH_KEY/],
    [{ REEVE_SEARCH_PROVIDER: 'searxng', REEVE_SEARCH_KEY: 'k' }, /^off: .* set REEVE_SEARCH_URL/],
  ] as const)('is off for %j, and says what to set', (settings, described) => {
    const choice = chooseSearch({ ...nothing, ...settings });
    expect(choice.kind).toBe('off');
    expect(choice.describe).toMatch(described);
  });

  it.each([
    [{ REEVE_SEARCH_URL: 'http://10.0.0.5:8888/' }, 'searxng', 'http://10.0.0.5:8888/search'],
    [
      { REEVE_SEARCH_PROVIDER: 'tavily', REEVE_SEARCH_KEY: 'k-secret' },
      'tavily',
      'https://api.tavily.com/search',
    ],
    [
      {
        REEVE_SEARCH_PROVIDER: 'brave',
        REEVE_SEARCH_KEY: 'k-secret',
        REEVE_SEARCH_URL: 'https://p.example.org/b',
      },
      'brave',
      'https://p.example.org/b',
    ],
  ] as const)('is on for %j, and never shows the key', (settings, provider, endpoint) => {
    const choice = chooseSearch({ ...nothing, ...settings });
    expect(choice).toMatchObject({ kind: 'on', provider, endpoint });
    expect(choice.describe).not.toContain('k-secret');
  });
});
