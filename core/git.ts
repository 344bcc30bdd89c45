import { z } from 'zod';
import { parseHostPort, urlsNamedIn } from './host.ts';

/** A repository that is reached over HTTP, whatever the form in which it was named. */
export interface GitRepository {
  /** `host/owner/name`, with the port or `http:` before it where they are not the usual ones; never `.git` at its end. */
  readonly name: string;
  readonly protocol: 'https' | 'http';
  /** Lower case. */
  readonly host: string;
  readonly port: number;
  /** As it was named, without a leading slash. */
  readonly path: string;
}

export type RepositoryParse =
  | { readonly kind: 'repository'; readonly repository: GitRepository }
  /** `reason` is a clause. */
  | { readonly kind: 'refused'; readonly reason: string };

const USUAL_PORTS = { https: 443, http: 80 } as const;
const MOST_CHARACTERS = 500;

/**
 * Reads a repository as people and Git write it: `https://host/owner/name.git`, `ssh://git@host/owner/name`,
 * `git@host:owner/name`. All of them mean the same repository over HTTPS; only `http://` stays what it is. Credentials,
 * queries and odd characters are refused.
 */
export function parseRepository(text: string): RepositoryParse {
  const url = /^(?<scheme>[a-z+]+):\/\/(?<rest>.*)$/i.exec(text.trim())?.groups;
  const scheme = url?.['scheme']?.toLowerCase();
  const rest = url?.['rest'] ?? text.trim();
  switch (scheme) {
    case 'https':
      return parseRepositoryPath(rest);
    case 'http':
      return parseRepositoryPath(`http:${rest}`);
    case 'ssh':
    case 'git+ssh':
    case 'git':
    case undefined:
      return parseRepositoryPath(rest.replace(/^[A-Za-z0-9_.-]+@/, ''));
    default:
      return refused(`“${scheme}” is no way to a repository; use https`);
  }
}

/** Reads what follows `/git/` at the gateway: `host[:port]/path`, `host:path` as `git@host:path` becomes, `http:host/path`. */
export function parseRepositoryPath(text: string): RepositoryParse {
  if (text.length > MOST_CHARACTERS) return refused('its address is too long');
  const protocol = text.startsWith('http:') ? 'http' : 'https';
  const [authority = '', ...segments] = text
    .replace(/^http:/, '')
    .replace(/\/+$/, '')
    .split('/');
  const parts = /^(?<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?<after>.*))?$/i.exec(authority)?.groups;
  if (!parts) return refused('it does not begin with a host; a user name or password has no place there');
  const { after } = parts;
  const isPort = after !== undefined && /^\d{1,5}$/.test(after);
  const port = isPort ? Number(after) : USUAL_PORTS[protocol];
  if (after !== undefined && !isPort) segments.unshift(after);
  const host = URL.parse(`http://${parts['host']}/`)?.hostname.toLowerCase().replace(/\.$/, '');
  if (!host || port < 1 || port > 65_535) return refused('its host is no host');
  if (
    segments.length === 0 ||
    !segments.every((segment) => /^[\w.~+-]+$/.test(segment) && !/^\.+$/.test(segment))
  )
    return refused('its path is empty or holds characters that no repository’s path has');
  const path = segments.join('/');
  const place = port === USUAL_PORTS[protocol] ? host : `${host}:${port}`;
  const name = `${protocol === 'http' ? 'http:' : ''}${place}/${path.replace(/\.git$/, '')}`;
  return { kind: 'repository', repository: { name, protocol, host, port, path } };
}

/** Capabilities travel with each call of a task; whoever lists more links than this is asked about the others. */
const MOST_NAMED = 20;
const LONGEST_NAMED = 120;

/**
 * The repositories that a person's https URLs name literally, by name. A page below one names no repository but itself.
 * Only hosts and ports that a capability may name.
 */
export function repositoriesNamedIn(text: string): string[] {
  const names = urlsNamedIn(text).flatMap((url) => {
    if (url.protocol !== 'https:' || url.port !== '' || url.search !== '') return [];
    const parsed = parseRepositoryPath(`${url.hostname}${url.pathname}`);
    if (parsed.kind === 'refused' || parseHostPort(url.hostname).kind === 'refused') return [];
    const { name, path } = parsed.repository;
    return path.includes('/') && name.length <= LONGEST_NAMED ? [name] : [];
  });
  return [...new Set(names)].slice(0, MOST_NAMED);
}

function refused(reason: string): RepositoryParse {
  return { kind: 'refused', reason };
}

const objectId = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'is no object id');

/** The full name of a ref, by the rules of `git check-ref-format`. */
export const gitRefSchema = z
  .string()
  .max(250)
  .regex(/^refs(?:\/(?!\.)[^\p{Cc}\s~^:?*[\\/]+(?<!\.lock)(?<!\.))+$/u, 'is no full name of a ref')
  .refine((ref) => !ref.includes('..') && !ref.includes('@{'), 'is no full name of a ref');

/** One change of one ref. All zeros stand for “not there”: before a ref is made, after it is deleted. */
export const gitUpdateSchema = z
  .strictObject({
    ref: gitRefSchema,
    old: objectId,
    new: objectId,
    /** `update` adds to the history and `force` replaces some of it; which of them it is, the worker claims. */
    kind: z.enum(['create', 'update', 'force', 'delete']),
    /** Subjects of the new commits, newest first, as the worker claims. */
    subjects: z.array(z.string().max(300)).max(20),
  })
  .refine(
    (update) =>
      (update.kind === 'create') === (isNoObject(update.old) && !isNoObject(update.new)) &&
      (update.kind === 'delete') === isNoObject(update.new),
    'says one thing by its kind and another by its ids',
  );

/** The arguments of a `git.push`: what is shown, permitted and admitted. */
export const gitPushSchema = z.strictObject({
  repository: z.string().transform((text, context) => {
    const parsed = parseRepository(text);
    if (parsed.kind === 'repository') return parsed.repository.name;
    context.addIssue({ code: 'custom', message: parsed.reason });
    return z.NEVER;
  }),
  updates: z
    .array(gitUpdateSchema)
    .min(1)
    .max(10)
    .refine((updates) => new Set(updates.map(({ ref }) => ref)).size === updates.length, 'names a ref twice'),
});

export type GitUpdate = z.output<typeof gitUpdateSchema>;
export type GitPush = z.output<typeof gitPushSchema>;

/** True for the id that stands for no object. */
export function isNoObject(id: string): boolean {
  return /^0+$/.test(id);
}

/** Headers by which the loop names the declared push; commands inside the sandbox cannot set them. */
export const PUSH_HEADERS = { callId: 'reeve-call', permit: 'reeve-permit' } as const;
