import { parseHostPort } from '@reeve/core';
import type { Job } from './intent.ts';

/** “fetch https://example.com/a”, “what does "https://example.com" say?” */
export const WEB_PAGE =
  /^(?:fetch|read|get|download|request|visit|load|show(?: me)?|what(?:'s|’s| is) (?:at|on|in)|what does)\s+(?:the\s+)?(?:(?:web )?(?:page|site|address|url)\s+)?(?:at\s+)?["“`]?(?<url>https?:\/\/[^\s"”`]+)["”`]?(?:\s+(?:say|contain))?[\s?!.]*$/iu;

/** “open pypi.org to commands”, “open pypi.org:8443 for my commands” */
export const HOST_TO_COMMANDS =
  /^open\s+(?:the\s+)?(?:host\s+|network\s+to\s+)?["“`]?(?<host>[^\s"”`]+)["”`]?\s+(?:to|for)\s+(?:the\s+|its\s+|my\s+|all\s+)?(?:sandbox(?:['’]s)?\s+)?commands[\s.!]*$/iu;

export function webPageJob({ url = '' }: Readonly<Record<string, string>>): Job | null {
  const said = url.replace(/[.,;:!?)]+$/, '');
  return URL.canParse(said) ? { kind: 'fetch', url: said } : null;
}

export function openHostJob({ host = '' }: Readonly<Record<string, string>>): Job | null {
  const parsed = parseHostPort(host);
  return parsed.kind === 'host' ? { kind: 'open-host', ...parsed.address } : null;
}
