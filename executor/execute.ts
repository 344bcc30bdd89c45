import type { Assignment, Clock, Model } from '@reeve/core';
import { Leave, startControl } from './control.ts';
import { chatTools, offeredTools } from './conversation.ts';
import { createEffectRunner } from './effects.ts';
import type { GatewayClient } from './gateway-client.ts';
import { createJournal } from './journal.ts';
import type { LinkClient } from './link-client.ts';
import { Superseded } from './link-transport.ts';
import { createCallPerformer } from './perform-call.ts';
import { createPushLicence, type PushLicence } from './push-licence.ts';
import { resumeScratch } from './resume.ts';
import { runTask, type TaskEnd } from './run-task.ts';
import { createScratchKeeper } from './scratch-keeper.ts';
import type { ShimClient } from './shim/client.ts';
import type { TunnelStream } from './shim/tunnel-streams.ts';
import { TOOL_TABLE } from './tools/tool-table.ts';

export interface ExecuteDeps {
  readonly assignment: Assignment;
  /** Carries the assignment's token. */
  readonly link: LinkClient;
  readonly scratchLimitBytes: number;
  readonly shim: ShimClient;
  readonly createModel: (token: () => string) => Model;
  readonly createGateway: (token: () => string) => GatewayClient;
  /** Where connections of commands to their proxy go. */
  readonly createCommandDoor: (token: () => string, pushes: PushLicence) => (tunnel: TunnelStream) => void;
  readonly clock: Clock;
}

/** Exit codes of an executor's process. */
export const EXECUTOR_EXIT = { done: 0, superseded: 75 } as const;

/**
 * Does the task that was assigned, says how it ended, and ends the sandbox. Resolves with the process's exit code;
 * rejects when something broke, which the coordinator treats as a lost executor.
 */
export async function execute(deps: ExecuteDeps): Promise<number> {
  const { assignment, link, shim } = deps;
  const { task, attempt, inputs } = assignment;
  const control = startControl(link.openControl(attempt), deps.clock);
  const journal = createJournal(link, attempt, assignment.steps, deps.clock);
  const scratch = createScratchKeeper({
    shim,
    link,
    journal,
    clock: deps.clock,
    maxBytes: deps.scratchLimitBytes,
  });
  const effects = createEffectRunner({ link, control, scratch, attempt });
  const gateway = deps.createGateway(() => assignment.token);
  const pushes = createPushLicence();
  shim.onTunnel(deps.createCommandDoor(() => assignment.token, pushes));
  const context = {
    task,
    shim,
    link,
    gateway,
    effects,
    pushes,
    scratch,
    clock: deps.clock,
    signal: control.signal,
  };
  const offered = offeredTools(assignment);
  const calls = createCallPerformer({
    journal,
    table: TOOL_TABLE,
    offered,
    context,
    now: () => performance.now(),
  });
  const model = deps.createModel(() => assignment.token);
  control.addInputs(inputs);
  try {
    await resumeScratch({ assignment, link, shim, journal });
    const lost = shim.gone.then((reason): never => {
      throw reason;
    });
    const ending = runTask({
      briefing: assignment,
      journal,
      model,
      tools: chatTools(offered),
      calls,
      control,
      scratch,
      clock: deps.clock,
    });
    // The model is asked first: while it thinks, the sandbox has the processors for its start.
    setImmediate(shim.open);
    const end = await Promise.race([ending, lost]);
    if (end.outcome === 'released') return await leave(end.failure);
    await link.finish({ attempt, ...end, evidence: [...end.evidence] });
    return EXECUTOR_EXIT.done;
  } catch (error) {
    const reason: unknown = control.signal.aborted ? control.signal.reason : error;
    if (reason instanceof Superseded) return EXECUTOR_EXIT.superseded;
    if (!(reason instanceof Leave)) throw error;
    if (!reason.save) return EXECUTOR_EXIT.superseded;
    return leave(null);
  } finally {
    shim.close();
  }

  /** Saves what the next attempt needs. The task may have moved on in the same moment; then there is nothing to say. */
  async function leave(failure: TaskEnd['failure']): Promise<number> {
    try {
      await scratch.save();
      await link.finish({ attempt, outcome: 'released', summary: '', evidence: [], failure });
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
      return EXECUTOR_EXIT.superseded;
    }
    return EXECUTOR_EXIT.done;
  }
}
