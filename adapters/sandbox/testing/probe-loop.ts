import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { answerProbe, type ProbeAnswer, type ProbeRequest, readLines, writeLine } from './line-requests.ts';

/**
 * A loop for tests of the launcher: answers what the test asks over the link socket, or passes it on to the sandbox.
 * Its first line on the link is what it got on stdin.
 */
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
const [firstLine]: string[] = await once(lines, 'line');

const server = createServer();
server.listen({ path: '/run/reeve/pair/sock', readableAll: true, writableAll: true });
process.stdout.write('sandbox\n');
const [sandbox]: Socket[] = await once(server, 'connection');
server.close();
if (sandbox === undefined) process.exit(3);
// The dry run, which only fills the cache of compiled code.
if (JSON.parse(firstLine ?? '').ticket === null) process.exit(0);
const link = connect('/run/reeve/link.sock');
link.write(`${firstLine}\n`);
link.on('error', () => process.exit(1));

readLines<ProbeAnswer>(sandbox, (answer) => writeLine(link, answer));
readLines<ProbeRequest>(link, async (request) => {
  if (request.where === 'sandbox') writeLine(sandbox, request);
  else writeLine(link, await answerProbe(request));
});
