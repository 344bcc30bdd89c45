import {
  BUDGET_TOOL,
  canonicalRequest,
  canonicalSearch,
  type DeclareRequest,
  type EffectCall,
  egressRequestSchema,
  gitPushSchema,
  parseDrivePath,
  parseHostPort,
  parseRepository,
  resourceOf,
  SCHEDULE_TOOL,
  type Store,
  searchQuerySchema,
  type Task,
} from '@reeve/core';
import { z } from 'zod';
import { isAttachedToQuestion } from './long-arguments.ts';
import { resolveSchedule } from './schedules/schedule-effects.ts';

export type Resolved =
  | { readonly kind: 'call'; readonly call: EffectCall; readonly fileExists: boolean }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Turns a declaration into the exact call: the path normalised, and what stands there now (its content's hash) added,
 * so that a yes covers this file as it was when the person saw the card.
 */
export async function resolveCall(
  { store, timeZone }: { store: Store; timeZone: string },
  task: Task,
  request: DeclareRequest,
): Promise<Resolved> {
  const { callId, tool } = request;
  const base = { task: task.id, callId, tool };
  if (tool === BUDGET_TOOL)
    return { kind: 'refused', reason: 'Only Reeve itself asks for more budget, when a cap is reached.' };
  if (tool === 'http.fetch') return resolveFetch(base, request);
  if (tool === 'network.open') return resolveOpen(base, request);
  if (tool === 'git.open') return resolveRepository(base, request);
  if (tool === 'git.push') return resolvePush(base, request);
  if (tool === SCHEDULE_TOOL) {
    const resolved = await resolveSchedule({ store, timeZone }, task, request);
    return resolved.kind === 'refused'
      ? resolved
      : { kind: 'call', call: { ...base, arguments: resolved.arguments }, fileExists: false };
  }
  if (tool === 'web.search') return resolveSearch(base, request);
  if (!tool.startsWith('files.'))
    return { kind: 'call', call: { ...base, arguments: request.arguments }, fileExists: false };
  const parsed = parseDrivePath(String(request.arguments['path'] ?? ''));
  if (parsed.kind === 'refused')
    return { kind: 'refused', reason: `Not a usable file name: ${parsed.reason}.` };
  const { path } = parsed;
  if (tool !== 'files.get' && isAttachedToQuestion(path))
    return {
      kind: 'refused',
      reason: `${path} belongs to what questions have shown; choose another folder.`,
    };
  const current = await store.files.get(path);
  const fileExists = current !== null;
  switch (tool) {
    case 'files.delete':
      if (!current) return { kind: 'refused', reason: `There is no file ${path}; nothing was deleted.` };
      return {
        kind: 'call',
        call: {
          ...base,
          arguments: { path, ...(current ? { bytes: current.bytes, sha256: current.sha256 } : {}) },
        },
        fileExists,
      };
    case 'files.put': {
      const { bytes, sha256 } = request.arguments;
      if (typeof bytes !== 'number' || typeof sha256 !== 'string')
        return { kind: 'refused', reason: 'files.put names its size and hash.' };
      return {
        kind: 'call',
        call: { ...base, arguments: { path, bytes, sha256, replaces: current?.sha256 ?? null } },
        fileExists,
      };
    }
    default:
      return { kind: 'call', call: { ...base, arguments: { ...request.arguments, path } }, fileExists };
  }
}

type CallBase = Pick<EffectCall, 'task' | 'callId' | 'tool'>;

/** The request as the gateway will send it, with the secrets it refers to by name. */
function resolveFetch(base: CallBase, { arguments: args }: DeclareRequest): Resolved {
  const { reason: _claim, ...rest } = args;
  const parsed = egressRequestSchema.safeParse(rest);
  if (!parsed.success)
    return { kind: 'refused', reason: `Not a usable request: ${z.prettifyError(parsed.error)}` };
  return { kind: 'call', call: { ...base, arguments: canonicalRequest(parsed.data) }, fileExists: false };
}

function resolveOpen(base: CallBase, { arguments: args }: DeclareRequest): Resolved {
  const parsed = parseHostPort(String(args['host'] ?? ''), Number(args['port'] ?? 443));
  if (parsed.kind === 'refused')
    return { kind: 'refused', reason: `Not a host that can be opened: ${parsed.reason}.` };
  return { kind: 'call', call: { ...base, arguments: { ...parsed.address } }, fileExists: false };
}

/** One name for the repository, whichever of its addresses the worker used. */
function resolveRepository(base: CallBase, { arguments: args }: DeclareRequest): Resolved {
  const parsed = parseRepository(String(args['repository'] ?? ''));
  return parsed.kind === 'repository'
    ? {
        kind: 'call',
        call: { ...base, arguments: { repository: parsed.repository.name } },
        fileExists: false,
      }
    : { kind: 'refused', reason: `Not a repository that can be opened: ${parsed.reason}.` };
}

function resolvePush(base: CallBase, { arguments: args }: DeclareRequest): Resolved {
  const { reason: _claim, ...rest } = args;
  const parsed = gitPushSchema.safeParse(rest);
  return parsed.success
    ? { kind: 'call', call: { ...base, arguments: parsed.data }, fileExists: false }
    : { kind: 'refused', reason: `Not a usable push: ${z.prettifyError(parsed.error)}` };
}

function resolveSearch(base: CallBase, { arguments: args }: DeclareRequest): Resolved {
  const parsed = searchQuerySchema.safeParse(args);
  return parsed.success
    ? { kind: 'call', call: { ...base, arguments: canonicalSearch(parsed.data) }, fileExists: false }
    : { kind: 'refused', reason: `Not a usable search: ${z.prettifyError(parsed.error)}` };
}

/** The drive path of a resolved call. */
export function pathOf(call: EffectCall): string {
  return resourceOf(call).slice('drive/'.length);
}

/** The content's hash that the person saw on the card; null when there was no file. */
export function seenHash(call: EffectCall): string | null {
  const seen = call.tool === 'files.put' ? call.arguments['replaces'] : call.arguments['sha256'];
  return typeof seen === 'string' ? seen : null;
}
