import { z } from 'zod';

/** A host name and port that the gateway may be asked to reach. */
export interface HostPort {
  /** Lower case, punycode, without a trailing dot. */
  readonly host: string;
  readonly port: number;
}

export type HostParse =
  | { readonly kind: 'host'; readonly address: HostPort }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Reads a public host name, with or without a port. Refuses wildcards, addresses in any notation, single labels and
 * names that no public resolver knows (`.local`, `.internal`, `.localhost`, …): a host list names hosts in full.
 */
export function parseHostPort(text: string, defaultPort = 443): HostParse {
  const match = /^([^:/\s]+)(?::(\d{1,5}))?$/.exec(text.trim());
  if (!match?.[1]) return refused(`“${text}” is not a host name`);
  const port = match[2] === undefined ? defaultPort : Number(match[2]);
  if (!isPort(port)) return refused(`${port} is not a port`);
  const host = canonicalHost(match[1]);
  if (host === null) return refused(`“${match[1]}” is not a host name`);
  const reason = hostProblem(host);
  return reason === null ? { kind: 'host', address: { host, port } } : refused(reason);
}

/**
 * Reads an exemption as an operator writes it: one host name or address with its port, such as `10.0.0.5:8080`,
 * `[fd00::5]:443` or `nas.lan:80`. Private ones are the point; wildcards and ranges are refused.
 */
export function parsePrivateHost(text: string): HostParse {
  const match = /^(\[[0-9a-f:.]+\]|[^:/\s[\]]+):(\d{1,5})$/i.exec(text.trim());
  if (!match?.[1]) return refused(`“${text}” is not of the form host:port`);
  const port = Number(match[2]);
  if (!isPort(port)) return refused(`${port} is not a port`);
  const host = canonicalHost(match[1]);
  if (host === null || host === '') return refused(`“${match[1]}” is not a host`);
  if (host.includes('*')) return refused('an exemption names one host; wildcards are too wide');
  return isPrivateName(host)
    ? { kind: 'host', address: { host, port } }
    : refused(`“${match[1]}” is not a host`);
}

/** An address, or a name as networks have them: single labels and underscores too, but no empty or odd ones. */
function isPrivateName(host: string): boolean {
  return (
    host.startsWith('[') ||
    host.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))
  );
}

/** `example.com:443`; an IPv6 address stands in brackets. */
export function formatHostPort({ host, port }: HostPort): string {
  return `${host}:${port}`;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function refused(reason: string): HostParse {
  return { kind: 'refused', reason };
}

/** The host as a URL parser sees it, so that odd notations of addresses become what they mean. */
function canonicalHost(text: string): string | null {
  if (text.includes('*') || text.includes('@') || text.includes('\\'))
    return text.includes('*') ? text : null;
  return URL.parse(`http://${text}/`)?.hostname.replace(/\.$/, '').toLowerCase() ?? null;
}

const PRIVATE_SUFFIXES = [
  'local',
  'localhost',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'private',
  'arpa',
  'onion',
  'test',
  'invalid',
  'example',
];

function hostProblem(host: string): string | null {
  if (host.includes('*')) return 'a host list names hosts in full; wildcards are too wide';
  if (/^[\d.]+$/.test(host) || host.startsWith('[')) return 'name the host, not its address';
  if (!host.includes('.')) return `“${host}” is not a public host name`;
  if (PRIVATE_SUFFIXES.includes(host.split('.').at(-1) ?? '')) return `“${host}” is not a public host name`;
  return host.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
    ? null
    : `“${host}” is not a host name`;
}

/** The URLs that stand literally in a text, as typed by a person: `https://…` and `http://…`, without closing punctuation. */
export function urlsNamedIn(text: string): URL[] {
  return Array.from(text.matchAll(/\bhttps?:\/\/[^\s<>"'`]+/gi), ([url]) =>
    URL.parse(url.replace(/[.,;:!?)\]}]+$/, '')),
  ).filter((url) => url !== null);
}

/** Hosts named by a person's URLs that a capability may name. */
export function hostsNamedIn(text: string): string[] {
  const hosts = urlsNamedIn(text).flatMap((url) => {
    const parsed = parseHostPort(url.hostname);
    return parsed.kind === 'host' ? [parsed.address.host] : [];
  });
  return [...new Set(hosts)];
}

export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const MOST_HEADERS = 64;
/** Of all names and values together; servers take some 8 to 16 kB. */
const MOST_HEADER_CHARACTERS = 32_768;

/** Header names as RFC 9110 tokens, values without control characters: nothing that could start a second header. */
export const httpHeadersSchema = z
  .record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'is not a header name'),
    z
      .string()
      .max(8192)
      .regex(/^[\t\x20-\x7e\u0080-\uffff]*$/, 'holds characters that no header may hold'),
  )
  .refine((headers) => Object.keys(headers).length <= MOST_HEADERS, `are more than ${MOST_HEADERS}`)
  .refine(
    (headers) => Object.entries(headers).flat().join('').length <= MOST_HEADER_CHARACTERS,
    'are longer than 32 kB together',
  );

/** A request that the gateway makes for a worker. Values `secret:NAME` in headers are filled in by the gateway. */
export const egressRequestSchema = z.strictObject({
  method: z.enum(HTTP_METHODS),
  url: z
    .url({ protocol: /^https?$/ })
    .max(8192)
    // In grants it stands for any host.
    .refine((url) => !URL.parse(url)?.hostname.includes('*'), 'names no single host'),
  headers: httpHeadersSchema.default({}),
  body: z.string().max(1_000_000).nullable().default(null),
});

export type EgressRequest = z.output<typeof egressRequestSchema>;

/**
 * The arguments of an `http.fetch` as they are approved and as they run. Coordinator and gateway both build the call's
 * digest from these, so that a yes covers exactly the request that goes out.
 */
export function canonicalRequest({ method, url, headers, body }: EgressRequest) {
  return { method, url: new URL(url).href, headers, body, secrets: secretsIn({ headers }) };
}

/** `POST /request` at the gateway. `permit` and `callId` are there for calls that need one. */
export const egressCallSchema = z.strictObject({
  callId: z.string().max(256),
  permit: z.string().nullable(),
  request: egressRequestSchema,
});

export const egressReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('response'),
    status: z.number().int(),
    headers: z.record(z.string(), z.string()),
    /** Text when it is text, base64 otherwise. */
    body: z.string(),
    encoding: z.enum(['text', 'base64']),
    /** More followed than the limit lets through. */
    truncated: z.boolean(),
    /** Where redirects have led. */
    finalUrl: z.string(),
  }),
  z.strictObject({ kind: z.literal('refused'), reason: z.string() }),
  /** The request may have gone out; nobody knows what came of it. */
  z.strictObject({ kind: z.literal('unknown'), reason: z.string() }),
]);

export type EgressReply = z.infer<typeof egressReplySchema>;
export type EgressCall = z.infer<typeof egressCallSchema>;

const SECRET_REFERENCE = 'secret:([A-Z][A-Z0-9_]{0,63})';

/** Names of secrets that a request refers to, in its headers. */
export function secretsIn(request: Pick<EgressRequest, 'headers'>): string[] {
  const names = Object.values(request.headers).flatMap((value) =>
    Array.from(value.matchAll(new RegExp(SECRET_REFERENCE, 'g')), ([, name]) => name ?? ''),
  );
  return [...new Set(names)].sort();
}

/** A header value with each reference that `secretsIn` finds replaced. */
export function replaceSecretReferences(text: string, valueFor: (name: string) => string): string {
  return text.replaceAll(new RegExp(SECRET_REFERENCE, 'g'), (_reference, name: string) => valueFor(name));
}
