import { z } from 'zod';
import { parseRepositoryPath } from './git.ts';
import { parseHostPort } from './host.ts';
import { secretNameSchema } from './secret.ts';

/**
 * What a task may touch: `resource:actions{constraints}`, for example `file:drive/reports/**:read,list`,
 * `shell:scratch:run{timeout:30s}`, `task:spawn{max:3}`. It only ever narrows when handed on.
 */
export interface Capability {
  readonly scheme: CapabilityScheme;
  /** What the scheme names: an area and a glob for files, a host and a glob for http, one repository for git. */
  readonly resource: string;
  readonly actions: readonly string[];
  /** Upper bounds by name, such as `{ timeout: '30s' }`. A narrower capability has the same or smaller ones. */
  readonly constraints: Readonly<Record<string, string>>;
}

const SCHEMES = ['file', 'shell', 'http', 'git', 'secret', 'task', 'clock'] as const;
export type CapabilityScheme = (typeof SCHEMES)[number];

const CAPABILITY =
  /^(?<scheme>[a-z]+):(?<resource>.*?):(?<actions>[a-z]+(?:,[a-z]+)*)(?:\{(?<constraints>[^{}]*)\})?$/;

export type CapabilityParse =
  | { readonly kind: 'capability'; readonly capability: Capability }
  | { readonly kind: 'refused'; readonly reason: string };

/** Parses one capability; refuses width (`file:**`, `http:*.com`, `secret:*`, all addresses) with the reason in words. */
export function parseCapability(text: string): CapabilityParse {
  const groups = CAPABILITY.exec(text)?.groups;
  if (!groups) return refused(`“${text}” is not of the form resource:actions{constraints}`);
  const { scheme = '', resource = '', actions = '', constraints = '' } = groups;
  if (!isScheme(scheme))
    return refused(`“${scheme}” is not a kind of capability; there are ${SCHEMES.join(', ')}`);
  const width = widthOf(scheme, resource);
  if (width) return refused(width);
  const parsedConstraints = parseConstraints(constraints);
  if (!parsedConstraints) return refused(`the constraints of “${text}” are not name:value pairs`);
  const unique = [...new Set(actions.split(','))].sort();
  return {
    kind: 'capability',
    capability: { scheme, resource, actions: unique, constraints: parsedConstraints },
  };
}

function refused(reason: string): CapabilityParse {
  return { kind: 'refused', reason };
}

function isScheme(text: string): text is CapabilityScheme {
  return SCHEMES.some((scheme) => scheme === text);
}

function widthOf(scheme: CapabilityScheme, resource: string): string | null {
  if (resource === '') return 'a capability names what it is for';
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(resource)) return 'a capability holds no control characters';
  if (scheme === 'file') return fileWidth(resource);
  if (scheme === 'http') return hostWidth(resource);
  if (scheme === 'git') return repositoryWidth(resource);
  if (scheme === 'secret' && !secretNameSchema.safeParse(resource).success)
    return 'a secret capability names one secret by its exact name';
  if (resource.includes('**')) return `“${scheme}:**” is too wide`;
  return null;
}

function fileWidth(resource: string): string | null {
  const [area = '', ...rest] = resource.split('/');
  if (area === '' || area.includes('*'))
    return 'a file capability names its area (scratch, drive); absolute paths and “**” at the root are too wide';
  if (rest.length === 0) return 'a file capability names an area and a path below it';
  if (rest.some((segment) => segment === '..' || segment === '.' || segment === ''))
    return 'a file capability holds no “.”, “..” or empty segments';
  return null;
}

function hostWidth(resource: string): string | null {
  const host = resource.split('/')[0] ?? '';
  if (host.includes('*')) return 'an http capability names its host in full; wildcards are too wide';
  if (host.includes(':') || host.startsWith('['))
    return 'an http capability names a host, without a port, and not an address';
  const parsed = parseHostPort(host);
  return parsed.kind === 'refused' ? `an http capability names a public host: ${parsed.reason}` : null;
}

function repositoryWidth(resource: string): string | null {
  const parsed = parseRepositoryPath(resource);
  return parsed.kind === 'repository' && parsed.repository.name === resource
    ? hostWidth(resource)
    : 'a git capability names one repository, as host/owner/name';
}

function parseConstraints(text: string): Record<string, string> | null {
  const constraints: Record<string, string> = {};
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const match = /^\s*([a-z]+)\s*:\s*([A-Za-z0-9._-]+)\s*$/.exec(pair);
    if (!match?.[1] || !match[2]) return null;
    constraints[match[1]] = match[2];
  }
  return constraints;
}

/** The canonical text of a capability; parsing it again yields an equal one. */
export function formatCapability(capability: Capability): string {
  const entries = Object.entries(capability.constraints).sort(([left], [right]) => (left < right ? -1 : 1));
  const constraints =
    entries.length === 0 ? '' : `{${entries.map(([name, value]) => `${name}:${value}`).join(',')}}`;
  return `${capability.scheme}:${capability.resource}:${[...capability.actions].sort().join(',')}${constraints}`;
}

export const capabilitySchema = z.string().superRefine((text, context) => {
  const parsed = parseCapability(text);
  if (parsed.kind === 'refused') context.addIssue({ code: 'custom', message: parsed.reason });
});

/** True when one of the capabilities allows the action on the resource. */
export function allows(
  capabilities: readonly Capability[],
  scheme: CapabilityScheme,
  resource: string,
  action: string,
): boolean {
  return capabilities.some(
    (capability) =>
      capability.scheme === scheme &&
      capability.actions.includes(action) &&
      globCovers(capability.resource, resource),
  );
}

/** True when every capability of `child` is allowed in full by some single capability of `parent`. */
export function isNarrowing(parent: readonly Capability[], child: readonly Capability[]): boolean {
  return child.every((narrow) => parent.some((wide) => contains(wide, narrow)));
}

function contains(wide: Capability, narrow: Capability): boolean {
  return (
    wide.scheme === narrow.scheme &&
    narrow.actions.every((action) => wide.actions.includes(action)) &&
    globCovers(wide.resource, narrow.resource) &&
    Object.entries(wide.constraints).every(([name, bound]) => isWithin(narrow.constraints[name], bound))
  );
}

function isWithin(value: string | undefined, bound: string): boolean {
  if (value === undefined) return false;
  const [amount, limit] = [measure(value), measure(bound)];
  return amount !== null && limit !== null
    ? amount.unit === limit.unit && amount.value <= limit.value
    : value === bound;
}

function measure(text: string): { value: number; unit: string } | null {
  const match = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text);
  return match ? { value: Number(match[1]), unit: match[2] ?? '' } : null;
}

/**
 * True when every path that matches `narrow` matches `wide`. Both are segment globs: `*` stands for exactly one
 * whole segment, a final `**` for one or more; other characters stand for themselves.
 */
export function globCovers(wide: string, narrow: string): boolean {
  const wideSegments = wide.split('/');
  const narrowSegments = narrow.split('/');
  for (const [index, segment] of wideSegments.entries()) {
    if (segment === '**' && index === wideSegments.length - 1) return narrowSegments.length > index;
    const other = narrowSegments[index];
    if (other === undefined || other === '**') return false;
    if (segment !== '*' && segment !== other) return false;
  }
  return wideSegments.length === narrowSegments.length;
}
