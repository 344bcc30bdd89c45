import type { Assignment, Clock } from '@reeve/core';
import { createCommandDoor } from './command-door.ts';
import type { Control } from './control.ts';
import { createEffectRunner } from './effects.ts';
import { createGatewayClient, type GatewayClient } from './gateway-client.ts';
import type { Journal, OpenCall } from './journal.ts';
import type { LinkClient } from './link-client.ts';
import { createCallPerformer } from './perform-call.ts';
import { createPushLicence } from './push-licence.ts';
import { resumeScratch } from './resume.ts';
import { createScratchKeeper } from './scratch-keeper.ts';
import { awaitShim } from './shim/await-shim.ts';
import { createShimClient, type ShimClient } from './shim/client.ts';
import { TOOL_TABLE } from './tools/tool-table.ts';

/**
 * What an executor does its model's calls with: the sandbox, the tools and the doors. Loaded apart from what asks the
 * model, which is all that a task's first step needs.
 */
export interface Hands {
  /** Runs one call and writes its intent before and its result after. */
  perform(call: OpenCall): Promise<void>;
  /** Saves the scratch directory if it changed since the last save. */
  save(): Promise<void>;
  /** The same, if the last save is a while ago. */
  saveNowAndThen(): Promise<void>;
  /** Notes for the model, between its calls' results and its next word, that the scratch directory could not be saved. */
  tellTrouble(): Promise<void>;
  /** Resolves with the reason when the sandbox is lost. */
  readonly gone: ShimClient['gone'];
  /** Ends the sandbox. */
  close(): void;
}

export interface HandsDeps {
  readonly assignment: Assignment;
  readonly link: LinkClient;
  readonly control: Control;
  readonly journal: Journal;
  readonly shim: ShimClient;
  readonly scratchLimitBytes: number;
  readonly gatewaySocket: string;
  /** Another way to the gateway than its socket. */
  readonly gateway?: GatewayClient;
  readonly clock: Clock;
}

const SHIM_WAIT_MS = 20_000;

/** The sandbox half of this pair, once its connection is there; it must have been woken. */
export function reachSandbox(pairDirectory: string): ShimClient {
  return createShimClient(() => awaitShim({ pairDirectory, signal: AbortSignal.timeout(SHIM_WAIT_MS) }));
}

/** Takes up the task's hands; when an earlier attempt left a scratch directory, with that. */
export async function takeUpHands(deps: HandsDeps): Promise<Hands> {
  const { assignment, link, control, journal, shim, clock } = deps;
  const { task, attempt } = assignment;
  const token = () => assignment.token;
  const door = { socketPath: deps.gatewaySocket, token };
  const scratch = createScratchKeeper({ shim, link, journal, clock, maxBytes: deps.scratchLimitBytes });
  const effects = createEffectRunner({ link, control, scratch, attempt });
  const gateway = deps.gateway ?? createGatewayClient(door);
  const pushes = createPushLicence();
  shim.onTunnel(createCommandDoor({ ...door, pushes, clock }));
  shim.open();
  const { perform } = createCallPerformer({
    journal,
    table: TOOL_TABLE,
    offered: assignment.tools.map((tool) => tool.function.name),
    context: { task, shim, link, gateway, effects, pushes, scratch, clock, signal: control.signal },
    now: () => performance.now(),
  });
  await resumeScratch({ assignment, link, shim, journal });
  const { save, saveNowAndThen, tellTrouble } = scratch;
  return { perform, save, saveNowAndThen, tellTrouble, gone: shim.gone, close: shim.close };
}
