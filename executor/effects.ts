import { type DeclareReply, type DeclareRequest, type EffectReply, NOT_DONE } from '@reeve/core';
import type { Control } from './control.ts';
import type { LinkClient } from './link-client.ts';
import type { ScratchKeeper } from './scratch-keeper.ts';
import type { ToolResult } from './tools/tool-result.ts';

/** Carries an effect from its declaration to its result (contracts.md, “Permit”). */
export interface EffectRunner {
  perform(
    call: Omit<DeclareRequest, 'attempt'>,
    activity: { readonly done: string; readonly notDone: string },
    act: (permit: string, attempt: number) => Promise<EffectReply>,
  ): Promise<ToolResult>;
}

/** A permit refused because the world moved in between is declared anew this often before giving up. */
const MAX_TRIES = 3;

export function createEffectRunner(deps: {
  link: LinkClient;
  control: Control;
  scratch: ScratchKeeper;
  attempt: number;
}): EffectRunner {
  const { link, control, scratch, attempt } = deps;

  /** Declares until the answer is not a question any more. */
  async function settleDeclaration(
    call: Omit<DeclareRequest, 'attempt'>,
  ): Promise<Exclude<DeclareReply, { kind: 'ask' }>> {
    for (;;) {
      const reply = await link.declare({ ...call, attempt });
      if (reply.kind !== 'ask') return reply;
      await control.decision(reply.approval);
    }
  }

  return {
    async perform(call, activity, act) {
      await scratch.save();
      let refused = '';
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const reply = await settleDeclaration(call);
        switch (reply.kind) {
          case 'deny':
            return { ok: false, content: reply.reason, activity: `${activity.notDone}: not allowed` };
          case 'settled':
            return {
              ok: reply.ok,
              // Declared again after a refusal, a call is answered with what the refusal was settled as.
              content: !reply.ok && reply.content === refused ? NOT_DONE + refused : reply.content,
              activity: reply.ok ? activity.done : activity.notDone,
            };
          case 'stale':
            throw new Error('a stale answer arrived with status 200');
          case 'allow': {
            const effect = await act(reply.permit, attempt);
            if (effect.kind === 'done') return { ok: true, content: effect.content, activity: activity.done };
            refused = effect.reason;
          }
        }
      }
      return { ok: false, content: `${NOT_DONE}${refused}`, activity: activity.notDone };
    },
  };
}
