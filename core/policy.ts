import type { EffectCall, Grant, Tier } from './approval.ts';
import { allows, type Capability, globCovers } from './capability.ts';
import type { Origin } from './origin.ts';

export type Verdict =
  | { readonly kind: 'allow'; readonly tier: Tier; readonly because: string }
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
    default:
      return { kind: 'ask', tier: 'destructive' };
  }
}

/** The drive resource that a `files.*` call is about, as capabilities and grants name it: `drive/<path>`. */
export function resourceOf(call: EffectCall): string {
  const path = call.arguments['path'];
  return typeof path === 'string' ? `drive/${path}` : '';
}

/** The folder among the owner's files in which a task may create files without asking. */
export function outputFolder(task: string): string {
  return task;
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
  if (!allows(context.capabilities, 'file', resource, 'write'))
    return { kind: 'deny', reason: 'this task may not change that file' };
  const grant = coveringGrant(call, resource, context);
  return grant
    ? { kind: 'allow', tier: 'change', because: `granted with approval ${grant.approval}` }
    : { kind: 'ask', tier: 'change' };
}

function judgeDelete(call: EffectCall, context: PolicyContext): Verdict {
  const resource = resourceOf(call);
  if (resource === '') return { kind: 'ask', tier: 'destructive' };
  if (!allows(context.capabilities, 'file', resource, 'delete'))
    return { kind: 'deny', reason: 'this task may not delete that file' };
  if (!context.fileExists) return { kind: 'deny', reason: 'there is no such file' };
  return { kind: 'ask', tier: 'destructive' };
}

function coveringGrant(call: EffectCall, resource: string, context: PolicyContext): Grant | undefined {
  if (context.origin.kind === 'schedule' || context.origin.kind === 'untrusted') return undefined;
  return context.grants.find(
    (grant) =>
      grant.tool === call.tool &&
      (grant.task === null || grant.task === call.task) &&
      grant.expiresAt > context.now &&
      globCovers(grant.resource, resource),
  );
}

/**
 * Checks and normalises a path among the owner's files: relative, `/`-separated, no empty, `.` or `..` segments, no
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
  return { kind: 'path', path };
}
