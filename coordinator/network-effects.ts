import type { EffectReply, Permit, Records, TaskId } from '@reeve/core';
import {
  answerFor,
  type EffectOfTask,
  type PermittedEffectDeps,
  perform,
  usablePermit,
} from './permitted-effect.ts';

/** Opening hosts and repositories to a task's commands: the gateway reads what is recorded here. */
export interface NetworkEffects {
  /** Opens what the permit names. */
  open(effect: EffectOfTask): Promise<EffectReply>;
}

export function createNetworkEffects(deps: PermittedEffectDeps): NetworkEffects {
  return {
    open: (effect) =>
      answerFor(async () => {
        const named = await deps.store.permits.get(effect.permit);
        const tool = named?.call.tool === 'git.open' ? 'git.open' : 'network.open';
        const permit = await usablePermit(deps, effect, tool);
        const record = tool === 'git.open' ? openRepository : openHost;
        return perform(deps, effect, permit, {
          prepare: async () => undefined,
          work: (records) => record(records, effect.task, permit, deps.clock.now()),
        });
      }),
  };
}

async function openHost(records: Records, task: TaskId, permit: Permit, at: Date): Promise<string> {
  const { host, port } = permit.call.arguments;
  const opened = { task, host: String(host), port: Number(port), approval: permit.approval };
  await records.network.openHost(opened, at);
  return `Commands of this task can now reach ${opened.host}:${opened.port} through the proxy set in their environment.`;
}

async function openRepository(records: Records, task: TaskId, permit: Permit, at: Date): Promise<string> {
  const repository = String(permit.call.arguments['repository']);
  await records.network.openRepository({ task, repository, approval: permit.approval }, at);
  return `Git in this task’s sandbox can now clone and fetch ${repository} at its usual address.`;
}
