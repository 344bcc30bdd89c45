import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { wakeSandbox } from '../../wake-sandbox.ts';
import { awaitShim } from '../await-shim.ts';

/**
 * Stands in for the loop in tests: sends the first line of its standard input over the link socket, then passes bytes
 * between the link and the shim, so that the test itself speaks with a shim in a real sandbox.
 */
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
const [firstLine]: string[] = await once(lines, 'line');
wakeSandbox();
const shim = await awaitShim({ pairDirectory: '/run/reeve/pair', signal: AbortSignal.timeout(15_000) });
// The dry run, which only fills the cache of compiled code.
if (JSON.parse(firstLine ?? '').ticket === null) process.exit(0);
const link = connect('/run/reeve/link.sock');
link.write(`${firstLine}\n`);
shim.pipe(link);
link.pipe(shim);
link.on('error', () => process.exit(1)).on('close', () => process.exit(0));
shim.on('error', () => process.exit(1));
