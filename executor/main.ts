import { setTimeout as delay } from 'node:timers/promises';
import { type Assignment, assignmentSchema, type Clock } from '@reeve/core';
import { createGatewayModel } from '@reeve/model/gateway';
import { askForTask } from './ask-for-task.ts';
import { createCommandDoor } from './command-door.ts';
import { dryRun } from './dry-run.ts';
import { EXECUTOR_EXIT, execute } from './execute.ts';
import { createGatewayClient } from './gateway-client.ts';
import { createLinkClient } from './link-client.ts';
import { createLinkTransport, type LinkTransport } from './link-transport.ts';
import { callShim, wakeByLauncher } from './shim/call-shim.ts';
import { createShimClient, type ShimClient } from './shim/client.ts';

/** What an executor begins with. */
export interface Start {
  /** The launcher's words; without a ticket there is no task, only the dry run. */
  readonly firstLine: { readonly ticket: string | null; readonly limits: { readonly scratchBytes: number } };
  readonly link: LinkTransport;
  /** The JSON of the assignment. */
  readonly task: Promise<string> | null;
  readonly pairDirectory: string;
  readonly gatewaySocket: string;
}

const DRY_RUN_SOCKET = '/tmp/dry-run.sock';
const SHIM_WAIT_MS = 20_000;
/** An executor that was started for a task gets it within this time, and then does nothing else first. */
const PROMPT_MS = 150;
const clock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? { signal } : undefined),
};

/** An executor's life: its dry run when it has to wait, its one task. Resolves with the process's exit code. */
export async function live(start: Start): Promise<number> {
  const { pairDirectory } = start;
  const shim = createShimClient(() =>
    callShim({ pairDirectory, wake: wakeByLauncher, signal: AbortSignal.timeout(SHIM_WAIT_MS) }),
  );
  if (start.task === null) {
    await practise(start, shim);
    shim.close();
    await shim.gone;
    return EXECUTOR_EXIT.done;
  }
  const isPrompt = await Promise.race([start.task.then(() => true), delay(PROMPT_MS, false)]);
  if (!isPrompt) await practise(start, shim);
  return carryOut({ ...start, shim, assignment: await start.task });
}

function practise(start: Start, shim: ShimClient): Promise<void> {
  return dryRun(DRY_RUN_SOCKET, async (gatewaySocket) => {
    const link = createLinkTransport(gatewaySocket);
    const assignment = await askForTask(link, 'dry-run');
    await carryOut({ ...start, link, gatewaySocket, shim: { ...shim, close: () => undefined }, assignment });
  });
}

interface Duty extends Pick<Start, 'firstLine' | 'link' | 'gatewaySocket'> {
  readonly shim: ShimClient;
  readonly assignment: string;
}

function carryOut({
  firstLine,
  link,
  gatewaySocket: socketPath,
  shim,
  assignment: json,
}: Duty): Promise<number> {
  const assignment: Assignment = assignmentSchema.parse(JSON.parse(json));
  link.useToken(assignment.token);
  return execute({
    assignment,
    link: createLinkClient(link),
    shim,
    scratchLimitBytes: firstLine.limits.scratchBytes,
    createModel: (token) => createGatewayModel({ socketPath, token, role: 'executor' }),
    createGateway: (token) => createGatewayClient({ socketPath, token }),
    createCommandDoor: (token, pushes) => createCommandDoor({ socketPath, token, pushes }),
    clock,
  });
}
