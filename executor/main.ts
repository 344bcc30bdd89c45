import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@reeve/core';
import { createGatewayModel } from '@reeve/model/gateway';
import { z } from 'zod';
import { createCommandDoor } from './command-door.ts';
import { execute } from './execute.ts';
import { createGatewayClient } from './gateway-client.ts';
import { createLinkClient } from './link-client.ts';
import { awaitShim } from './shim/await-shim.ts';
import { createShimClient } from './shim/client.ts';

/**
 * The loop's process. Its launcher writes one JSON line with the ticket and then keeps stdin open for as long as it
 * lives; when stdin ends, so does this process, and with it the sandbox.
 */
const firstLineSchema = z.object({
  ticket: z.string(),
  limits: z.object({ scratchBytes: z.number().int().positive() }),
});

const RUN_DIRECTORY = '/run/reeve';
const SHIM_WAIT_MS = 20_000;
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
const code = await execute({
  ticket,
  link: createLinkClient(`${RUN_DIRECTORY}/link.sock`),
  scratchLimitBytes: limits.scratchBytes,
  connectShim: async () => createShimClient(await shimSocket),
  createModel: (token) =>
    createGatewayModel({ socketPath: `${RUN_DIRECTORY}/gateway.sock`, token, role: 'executor' }),
  createGateway: (token) => createGatewayClient({ socketPath: `${RUN_DIRECTORY}/gateway.sock`, token }),
  createCommandDoor: (token, pushes) =>
    createCommandDoor({ socketPath: `${RUN_DIRECTORY}/gateway.sock`, token, pushes }),
  clock,
});
process.exit(code);
