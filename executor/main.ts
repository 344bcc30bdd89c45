import { setTimeout as delay } from 'node:timers/promises';
import { assignmentSchema, type Clock } from '@reeve/core';
import { createGatewayModel } from '@reeve/model/gateway';
import { askForTask } from './ask-for-task.ts';
import { dryRun } from './dry-run.ts';
import { EXECUTOR_EXIT, execute } from './execute.ts';
import { createLinkClient } from './link-client.ts';
import { createLinkTransport, type LinkTransport } from './link-transport.ts';
import type { ShimClient } from './shim/client.ts';
import { wakeSandbox } from './wake-sandbox.ts';

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
/** An executor that was started for a task gets it within this time, and then does nothing else first. */
const PROMPT_MS = 150;
const clock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? { signal } : undefined),
};

/** An executor's life: its dry run when it has to wait, its one task. Resolves with the process's exit code. */
export async function live(start: Start): Promise<number> {
  const sandbox = sandboxOnDemand(start.pairDirectory);
  if (start.task === null) {
    await practise(start, sandbox);
    const shim = await sandbox();
    shim.close();
    await shim.gone;
    return EXECUTOR_EXIT.done;
  }
  const isPrompt = await Promise.race([start.task.then(() => true), delay(PROMPT_MS, false)]);
  if (!isPrompt) await practise(start, sandbox);
  return carryOut({ ...start, sandbox, assignment: await start.task });
}

/** The sandbox half, which both the dry run and the task use; it starts when it is first wanted. */
function sandboxOnDemand(pairDirectory: string): () => Promise<ShimClient> {
  let shim: Promise<ShimClient> | undefined;
  return () => {
    if (shim === undefined) {
      wakeSandbox();
      shim = import('./hands.ts').then(({ reachSandbox }) => reachSandbox(pairDirectory));
    }
    return shim;
  };
}

function practise(start: Start, sandbox: () => Promise<ShimClient>): Promise<void> {
  return dryRun(DRY_RUN_SOCKET, async (gatewaySocket) => {
    const link = createLinkTransport(gatewaySocket);
    const assignment = await askForTask(link, 'dry-run');
    const kept = async () => ({ ...(await sandbox()), close: () => undefined });
    await carryOut({ ...start, link, gatewaySocket, sandbox: kept, assignment });
  });
}

interface Duty extends Pick<Start, 'firstLine' | 'link' | 'gatewaySocket'> {
  readonly sandbox: () => Promise<ShimClient>;
  readonly assignment: string;
}

function carryOut(duty: Duty): Promise<number> {
  const { link: transport, gatewaySocket } = duty;
  const assignment = assignmentSchema.parse(JSON.parse(duty.assignment));
  transport.useToken(assignment.token);
  const link = createLinkClient(transport);
  return execute({
    assignment,
    link,
    createModel: (token) => createGatewayModel({ socketPath: gatewaySocket, token, role: 'executor' }),
    async takeUpHands(task) {
      const shim = await duty.sandbox();
      const { takeUpHands } = await import('./hands.ts');
      const { scratchBytes: scratchLimitBytes } = duty.firstLine.limits;
      return takeUpHands({ ...task, assignment, link, shim, scratchLimitBytes, gatewaySocket, clock });
    },
    clock,
  });
}
