import {
  canonicalRequest,
  digestOf,
  type EgressCall,
  type GatewayStore,
  type Permit,
  type TaskId,
} from '@reeve/core';

export type PermitCheck =
  | { readonly kind: 'permitted'; readonly permit: Permit }
  /** `reason` is a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };

const TOOL = 'http.fetch';

/**
 * Finds the permit for exactly this request of this task and uses it up, before anything is done under it. The digest is
 * built anew from what was sent, so that a changed address, header or body is another call, which nobody permitted.
 */
export async function usePermit(
  task: TaskId,
  { callId, permit: permitId, request }: EgressCall,
  permits: GatewayStore['permits'],
  now: Date,
): Promise<PermitCheck> {
  if (permitId === null) return refused('Each request is declared first, and needs the permit from there.');
  const permit = await permits.get(permitId);
  if (!permit || permit.call.task !== task || permit.call.callId !== callId || permit.call.tool !== TOOL)
    return refused('This permit is not for that call.');
  if (permit.digest !== digestOf({ task, callId, tool: TOOL, arguments: canonicalRequest(request) }))
    return refused('The request is not the one that was permitted.');
  if (permit.expiresAt <= now) return refused('The permit has expired; declare the call again.');
  if (!(await permits.consume(permit.id, now))) return refused('The permit was used before.');
  return { kind: 'permitted', permit };
}

function refused(reason: string): PermitCheck {
  return { kind: 'refused', reason };
}
