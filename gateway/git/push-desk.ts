import {
  type Clock,
  type EffectResult,
  type GatewayStore,
  gitPushSchema,
  type Log,
  type Permit,
  type TaskClaims,
} from '@reeve/core';
import { type PermitCheck, usePermit } from '../egress/permit-check.ts';
import { failureFields } from '../refusal.ts';
import type { GitRequest } from './git-request.ts';
import { isPermitted, type PushCommand } from './push-commands.ts';

/** The life of a push: admitted once under its permit, recorded, settled with the remote's own report. */
export interface PushDesk {
  /** Uses the permit up when these commands are exactly what it permits. */
  admit(push: DeclaredPush): Promise<PermitCheck>;
  /** Before a byte goes out; rejects when it cannot be written, and then nothing may go out. */
  recordDeparture(push: DeclaredPush, permit: Permit, address: string): Promise<void>;
  /** With `ok` null nobody knows, and the owner is asked. */
  settle(push: DeclaredPush, permit: Permit, result: EffectResult): Promise<void>;
}

export interface DeclaredPush {
  readonly claims: TaskClaims;
  readonly request: GitRequest;
  readonly callId: string;
  readonly permit: string | null;
  readonly commands: readonly PushCommand[];
}

export function createPushDesk(deps: {
  readonly store: Pick<GatewayStore, 'permits' | 'audit'>;
  readonly clock: Clock;
  readonly log: Log;
}): PushDesk {
  const { store, clock, log } = deps;
  return {
    admit({ claims: { task }, request, callId, permit, commands }) {
      const claim = { task, callId, permit, tool: 'git.push' };
      return usePermit(claim, (found) => covers(found, request, commands), store.permits, clock.now());
    },

    async recordDeparture({ claims: { task }, request, callId, commands }, permit, address) {
      const detail = {
        callId,
        repository: request.repository.name,
        address,
        commands: commands.map((command) => ({ ...command })),
        digest: permit.digest,
        approval: permit.approval,
      };
      await store.audit.append({ event: 'push-made', actor: 'gateway', subject: task, detail }, clock.now());
    },

    async settle({ claims: { task }, callId }, permit, result) {
      log.info({ task, call: callId, ...result }, 'a push has ended');
      try {
        await store.permits.settle(permit.id, result, clock.now());
      } catch (error) {
        log.error({ task, call: callId, ...failureFields(error) }, 'a push could not be settled');
      }
    },
  };
}

function covers({ call }: Permit, { repository }: GitRequest, commands: readonly PushCommand[]): boolean {
  const push = gitPushSchema.safeParse(call.arguments);
  return push.success && push.data.repository === repository.name && isPermitted(commands, push.data);
}
