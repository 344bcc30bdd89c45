import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Assignment, Clock } from '@reeve/core';
import { createGatewayModel } from '@reeve/model/gateway';
import { z } from 'zod';
import { createCommandDoor } from './command-door.ts';
import { dryRun } from './dry-run.ts';
import { execute } from './execute.ts';
import { createGatewayClient } from './gateway-client.ts';
import { createLinkClient, type LinkClient } from './link-client.ts';
import { awaitShim } from './shim/await-shim.ts';
import { createShimClient, type ShimClient } from './shim/client.ts';

/**
 * The loop's process. Its launcher writes one JSON line with the ticket and then keeps stdin open for as long as it
 * lives; when stdin ends, so does this process, and with it the sandbox. A line without a ticket asks for the dry run
 * alone: the launcher keeps what that compiled for others.
 */
const firstLineSchema = z.object({
  ticket: z.string().nullable(),
  limits: z.object({ scratchBytes: z.number().int().positive() }),
});

const RUN_DIRECTORY = '/run/reeve';
const DRY_RUN_SOCKET = '/tmp/dry-run.sock';
const SHIM_WAIT_MS = 20_000;
/** An executor that was started for a task gets it within this time, and then does nothing else first. */
const PROMPT_MS = 150;
const clock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? { signal } : undefined),
};

async function readFirstLine(): Promise<z.infer<typeof firstLineSchema>> {
  const lines = createInterface({ input: process.stdin });
  const { promise, resolve } = Promise.withResolvers<string>();
  lines.once('line', resolve);
  lines.once('close', () => process.exit(0));
  return firstLineSchema.parse(JSON.parse(await promise));
}

const shimSocket = awaitShim({
  pairDirectory: `${RUN_DIRECTORY}/pair`,
  signal: AbortSignal.timeout(SHIM_WAIT_MS),
});
const { ticket, limits } = await readFirstLine();

function carryOut(
  task: { readonly link: LinkClient; readonly shim: ShimClient; readonly assignment: Assignment },
  socketPath: string,
): Promise<number> {
  return execute({
    ...task,
    scratchLimitBytes: limits.scratchBytes,
    createModel: (token) => createGatewayModel({ socketPath, token, role: 'executor' }),
    createGateway: (token) => createGatewayClient({ socketPath, token }),
    createCommandDoor: (token, pushes) => createCommandDoor({ socketPath, token, pushes }),
    clock,
  });
}

function practise(shim: ShimClient): Promise<void> {
  return dryRun(DRY_RUN_SOCKET, async (socketPath) => {
    const link = createLinkClient(socketPath);
    const assignment = await link.attach('dry-run', new AbortController().signal);
    await carryOut({ link, shim: { ...shim, close: () => undefined }, assignment }, socketPath);
  });
}

if (ticket === null) {
  const shim = createShimClient(await shimSocket);
  await practise(shim);
  shim.close();
  await shim.gone;
  process.exit(0);
}
const link = createLinkClient(`${RUN_DIRECTORY}/link.sock`);
const attaching = link.attach(ticket, new AbortController().signal);
const shim = createShimClient(await shimSocket);
const isPrompt = await Promise.race([attaching.then(() => true), delay(PROMPT_MS, false)]);
if (!isPrompt) await practise(shim);
const assignment = await attaching;
process.exit(await carryOut({ link, shim, assignment }, `${RUN_DIRECTORY}/gateway.sock`));
