import type { EffectReply } from '@reeve/core';
import {
  answerFor,
  type EffectOfTask,
  type PermittedEffectDeps,
  perform,
  usablePermit,
} from './permitted-effect.ts';

/** Opening hosts to a task's commands: the gateway reads what is recorded here. */
export interface NetworkEffects {
  open(effect: EffectOfTask): Promise<EffectReply>;
}

export function createNetworkEffects(deps: PermittedEffectDeps): NetworkEffects {
  return {
    open: (effect) =>
      answerFor(async () => {
        const permit = await usablePermit(deps, effect, 'network.open');
        const { host, port } = permit.call.arguments;
        const opened = {
          task: effect.task,
          host: String(host),
          port: Number(port),
          approval: permit.approval,
        };
        return perform(deps, effect, permit, {
          prepare: async () => undefined,
          async work(records) {
            await records.network.openHost(opened, deps.clock.now());
            return `Commands of this task can now reach ${opened.host}:${opened.port} through the proxy set in their environment.`;
          },
        });
      }),
  };
}
