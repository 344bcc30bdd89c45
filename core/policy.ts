import type { EffectCall, Grant, Tier } from './approval.ts';
import type { JsonValue } from './canonical.ts';
import { allows, type Capability, globCovers } from './capability.ts';
import { parseRepository } from './git.ts';
import type { Origin, SeenContent } from './origin.ts';
import { SCHEDULE_TOOL } from './schedule.ts';

export type Verdict =
  /** `approval`: the code of the standing yes that it rests on. */
  | { readonly kind: 'allow'; readonly tier: Tier; readonly because: string; readonly approval?: string }
  | { readonly kind: 'ask'; readonly tier: 'change' | 'destructive' }
  | { readonly kind: 'deny'; readonly reason: string };

/** What policy knows of a call beside the call itself. */
export interface PolicyContext {
  readonly capabilities: readonly Capability[];
  readonly origin: Origin;
  readonly grants: readonly Grant[];
  readonly now: Date;
  /** For `files.*`: whether the path exists among the owner's files now. */
  readonly fileExists: boolean;
  /** What the task has seen so far; the rule of two looks at both. */
  readonly seen: SeenContent;
}

/**
 * Decides one declared call. Pure. An unknown tool, or arguments that do not name what policy needs, is treated as
 * destructive: it asks every time and no grant covers it.
 */
export function judge(call: EffectCall, context: PolicyContext): Verdict {
  switch (call.tool) {
    case 'files.list':
      return readDrive(context, 'drive/*', 'list');
    case 'files.get':
      return readDrive(context, resourceOf(call), 'read');
    case 'files.put':
      return judgePut(call, context);
    case 'files.delete':
      return judgeDelete(call, context);
    case 'http.fetch':
      return judgeFetch(call, context);
    case 'network.open':
      return judgeOpen(call, context);
    case 'git.open':
      return judgeRepository(call, context);
    case 'git.push':
      return { kind: 'ask', tier: 'destructive' };
    case SCHEDULE_TOOL:
      return judgeSchedule(context);
    case 'web.search':
      return judgeSearch(call, context);
    default:
      return { kind: 'ask', tier: 'destructive' };
  }
}

/**
 * What a call is about, as capabilities and grants name it: `drive/<path>` for the owner's files, `<host>/<path>` for a
 * request, `<host>:<port>` for an opened host, `<host>/<owner>/<name>` for a repository. Empty when the arguments do not say.
 */
export function resourceOf(call: Pick<EffectCall, 'tool' | 'arguments'>): string {
  const { path, url, host, port, repository } = call.arguments;
  if (call.tool === 'http.fetch') return typeof url === 'string' ? requestResource(url) : '';
  if (call.tool === 'network.open') return typeof host === 'string' ? `${host}:${port}` : '';
  if (call.tool === 'git.open' || call.tool === 'git.push')
    return typeof repository === 'string' ? repositoryResource(repository) : '';
  return typeof path === 'string' ? `drive/${path}` : '';
}

/** `api.example.com/v1/users` of a URL; the query is no part of it. Always below the host, so that `<host>/**` covers it. */
export function requestResource(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed) return '';
  const path = parsed.pathname.split('/').filter((segment) => segment !== '');
  return [parsed.hostname.toLowerCase(), ...(path.length === 0 ? ['-'] : path)].join('/');
}

/** The folder among the owner's files in which a task may create files without asking. */
export function outputFolder(task: string): string {
  return task;
}

function repositoryResource(text: string): string {
  const parsed = parseRepository(text);
  return parsed.kind === 'repository' ? parsed.repository.name : '';
}

function readDrive(context: PolicyContext, resource: string, action: 'list' | 'read'): Verdict {
  const isAllowed =
    action === 'list'
      ? context.capabilities.some(
          (capability) => capability.scheme === 'file' && capability.actions.includes('list'),
        )
      : allows(context.capabilities, 'file', resource, action);
  return isAllowed
    ? { kind: 'allow', tier: 'read', because: 'reading within what the task may see' }
    : { kind: 'deny', reason: 'this task may not read that file' };
}

function judgePut(call: EffectCall, context: PolicyContext): Verdict {
  const resource = resourceOf(call);
  if (resource === '') return { kind: 'ask', tier: 'destructive' };
  if (!context.fileExists && allows(context.capabilities, 'file', resource, 'create')) {
    const inOutputFolder = globCovers(`drive/${outputFolder(call.task)}/**`, resource);
    if (inOutputFolder)
      return { kind: 'allow', tier: 'change', because: 'a new file in the task’s own folder' };
  }
  if (!allows(context.capabilities, 'file', resource, 'write')) return mayNot('change', context);
  if (isPersonaFile(resource)) return { kind: 'ask', tier: 'destructive' };
  const grant = coveringGrant(call, resource, context);
  return grant ? grantedBy(grant, 'change') : { kind: 'ask', tier: 'change' };
}

/** No run of a schedule has this capability, and whoever made it is told so, and the way that there is. */
function mayNot(deed: 'change' | 'delete', { origin }: PolicyContext): Verdict {
  const reason =
    origin.kind === 'schedule'
      ? `what a schedule starts may not ${deed} the owner’s files; the owner can ask for it in the chat, where a card confirms it`
      : `this task may not ${deed} that file`;
  return { kind: 'deny', reason };
}

/** The owner's words about the agent itself, read with every message. Who changes them changes the agent: always asked. */
export const PERSONA_FILES = ['SOUL.md', 'USER.md', 'INSTRUCTIONS.md'] as const;

function isPersonaFile(resource: string): boolean {
  return PERSONA_FILES.some((name) => resource === `drive/${name}`);
}

function judgeDelete(call: EffectCall, context: PolicyContext): Verdict {
  const resource = resourceOf(call);
  if (resource === '') return { kind: 'ask', tier: 'destructive' };
  if (!allows(context.capabilities, 'file', resource, 'delete')) return mayNot('delete', context);
  if (!context.fileExists) return { kind: 'deny', reason: 'there is no such file' };
  return { kind: 'ask', tier: 'destructive' };
}

/** Requests that ask nothing of the other side but to be read, and searches. */
export function isReading(call: EffectCall): boolean {
  if (call.tool === 'web.search') return true;
  const { method, headers, body, secrets } = call.arguments;
  const isSafe = method === 'GET' || method === 'HEAD';
  if (!isSafe || namesMethod(headers)) return false;
  return (body === null || body === undefined) && (!Array.isArray(secrets) || secrets.length === 0);
}

/** True when a header names a method: sites take `X-HTTP-Method-Override: DELETE` and its like for the request's own. */
export function namesMethod(headers: JsonValue | undefined): boolean {
  return (
    typeof headers === 'object' &&
    headers !== null &&
    Object.keys(headers).some((name) => /method/i.test(name))
  );
}

function judgeFetch(call: EffectCall, context: PolicyContext): Verdict {
  const resource = resourceOf(call);
  if (resource === '' || !isReading(call)) return { kind: 'ask', tier: 'destructive' };
  if (seenBoth(context.seen)) return { kind: 'ask', tier: 'destructive' };
  if (allows(context.capabilities, 'http', resource, 'get')) {
    return { kind: 'allow', tier: 'read', because: 'reading from a host that the task names' };
  }
  const grant = coveringGrant(call, resource, context);
  return grant ? grantedBy(grant, 'read') : { kind: 'ask', tier: 'change' };
}

/** TLS hides what a command sends to an opened host, so this never happens by itself after both kinds were seen. */
function judgeOpen(call: EffectCall, context: PolicyContext): Verdict {
  const resource = resourceOf(call);
  if (resource === '' || seenBoth(context.seen)) return { kind: 'ask', tier: 'destructive' };
  const grant = coveringGrant(call, resource, context);
  return grant ? grantedBy(grant, 'change') : { kind: 'ask', tier: 'change' };
}

/**
 * What Git asks for tells its host little, but not nothing: after both kinds were seen this is never done by itself. The
 * owner's secret for the host goes along, so that a host that they name opens none of its other repositories.
 */
function judgeRepository(call: EffectCall, context: PolicyContext): Verdict {
  const resource = resourceOf(call);
  if (resource === '' || seenBoth(context.seen)) return { kind: 'ask', tier: 'destructive' };
  if (allows(context.capabilities, 'git', resource, 'read'))
    return { kind: 'allow', tier: 'read', because: 'reading a repository that the task names' };
  const grant = coveringGrant(call, resource, context);
  return grant ? grantedBy(grant, 'read') : { kind: 'ask', tier: 'change' };
}

/** The query leaves the tenant: after both kinds were seen it could carry what is private. */
function judgeSearch(call: EffectCall, { seen }: PolicyContext): Verdict {
  const { query } = call.arguments;
  return typeof query !== 'string' || query === '' || seenBoth(seen)
    ? { kind: 'ask', tier: 'destructive' }
    : { kind: 'allow', tier: 'read', because: 'searching the web reads only' };
}

/** What starts by itself later is the owner's to say each time; a run that makes schedules would never come to an end. */
function judgeSchedule({ origin }: PolicyContext): Verdict {
  return origin.kind === 'schedule'
    ? { kind: 'deny', reason: 'what a schedule started makes no schedules' }
    : { kind: 'ask', tier: 'change' };
}

/** The rule of two: untrusted text could steer the private data that the task has read. */
function seenBoth(seen: SeenContent): boolean {
  return seen.untrusted && seen.private;
}

function grantedBy({ approval }: Grant, tier: Tier): Verdict {
  return { kind: 'allow', tier, because: `granted with approval ${approval}`, approval };
}

/** A standing yes is for what the owner asked for; what was said for one task counts for that task, whoever asked. */
function coveringGrant(call: EffectCall, resource: string, context: PolicyContext): Grant | undefined {
  const { kind } = context.origin;
  if (kind === 'schedule' || kind === 'untrusted') return undefined;
  return context.grants.find(
    (grant) =>
      grant.tool === call.tool &&
      (grant.task === null ? kind === 'owner' : grant.task === call.task) &&
      grant.expiresAt > context.now &&
      globCovers(grant.resource, resource),
  );
}

/**
 * Checks and normalises a path among the owner's files: relative, `/`-separated, no empty, `.`, `..`, `*` or `**` segments, no
 * control characters other than those that can be shown escaped, at most 1,024 UTF-8 bytes.
 */
export function parseDrivePath(
  text: string,
): { readonly kind: 'path'; readonly path: string } | { readonly kind: 'refused'; readonly reason: string } {
  const path = text.normalize('NFC').replace(/^\.?\/+/, '');
  if (path === '') return { kind: 'refused', reason: 'the path is empty' };
  if (!path.isWellFormed() || path.includes('\0'))
    return { kind: 'refused', reason: 'the path holds characters that no file name can have' };
  if (new TextEncoder().encode(path).length > 1024)
    return { kind: 'refused', reason: 'the path is longer than 1,024 bytes' };
  const segments = path.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return { kind: 'refused', reason: 'the path holds an empty, “.” or “..” segment' };
  }
  // In capabilities and grants these stand for any name.
  if (segments.some((segment) => segment === '*' || segment === '**'))
    return { kind: 'refused', reason: 'the path holds “*” or “**” as a name' };
  return { kind: 'path', path };
}
