import type { Clock, EffectReply, Store } from '@reeve/core';
import type { EffectOfTask } from './drive-effects.ts';
import { holds, type TaskLedger } from './task-ledger.ts';

/** Opening hosts to a task's commands: the gateway reads what is recorded here. */
export interface NetworkEffects {
  open(effect: EffectOfTask): Promise<EffectReply>;
}

/** Using the permit, opening the host and settling the result are one transaction, which no move of the task can pass. */
export function createNetworkEffects(deps: {
  store: Store;
  ledger: TaskLedger;
  clock: Clock;
}): NetworkEffects {
  const { store, ledger, clock } = deps;
  return {
    async open({ task: id, attempt, callId, permit: permitId }) {
      const permit = await store.permits.get(permitId);
      if (
        !permit ||
        permit.call.task !== id ||
        permit.call.callId !== callId ||
        permit.call.tool !== 'network.open'
      ) {
        return { kind: 'refused', reason: 'This permit is not for that call.' };
      }
      const now = clock.now();
      if (permit.expiresAt <= now)
        return { kind: 'refused', reason: 'The permit has expired; declare the call again.' };
      const { host, port } = permit.call.arguments;
      const opened = { task: id, host: String(host), port: Number(port), approval: permit.approval };
      const content = `Commands of this task can now reach ${opened.host}:${opened.port} through the proxy set in their environment.`;
      return ledger.beside(id, async (records, task): Promise<EffectReply> => {
        if (!holds(task, attempt)) return { kind: 'stale', reason: `${id} has gone on without this attempt` };
        if (!(await records.permits.consume(permit.id, now)))
          return { kind: 'refused', reason: 'The permit was used before.' };
        await records.network.openHost(opened, now);
        await records.permits.settle(permit.id, { ok: true, content }, now);
        const detail = {
          callId,
          host: opened.host,
          port: opened.port,
          digest: permit.digest,
          approval: permit.approval,
        };
        await records.audit.append(
          { event: 'host-opened', actor: `executor:${id}`, subject: id, detail },
          now,
        );
        return { kind: 'done', content };
      });
    },
  };
}
