import type { GatewayStore, Permit, TaskId } from '@reeve/core';

export type PermitCheck =
  | { readonly kind: 'permitted'; readonly permit: Permit }
  /** `reason` is a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Which call a worker says it carries out, and under which permit. */
export interface PermitClaim {
  readonly task: TaskId;
  readonly callId: string;
  readonly permit: string | null;
  readonly tool: string;
}

/**
 * Finds the permit for exactly this call of this task and uses it up, before anything is done under it. `matches` says
 * whether what was sent is what was permitted: anything else is another call, which nobody permitted.
 */
export async function usePermit(
  { task, callId, permit: permitId, tool }: PermitClaim,
  matches: (permit: Permit) => boolean,
  permits: GatewayStore['permits'],
  now: Date,
): Promise<PermitCheck> {
  if (permitId === null) return refused('Each request is declared first, and needs the permit from there.');
  const permit = await permits.get(permitId);
  if (!permit || permit.call.task !== task || permit.call.callId !== callId || permit.call.tool !== tool)
    return refused('This permit is not for that call.');
  if (!matches(permit)) return refused('The request is not the one that was permitted.');
  if (permit.expiresAt <= now) return refused('The permit has expired; declare the call again.');
  if (!(await permits.consume(permit.id, now))) return refused('The permit was used before.');
  return { kind: 'permitted', permit };
}

function refused(reason: string): PermitCheck {
  return { kind: 'refused', reason };
}
