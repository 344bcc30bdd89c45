import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerProbe, type ProbeRequest, readLines, writeLine } from './line-requests.ts';

/** A shim for tests of the launcher: runs whatever code the test sends, as a hostile command could. */
async function connectToLoop(): Promise<Socket> {
  for (;;) {
    const socket = connect('/run/reeve/pair/sock');
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    if (connected) return socket;
    await sleep(5);
  }
}

process.stdin.on('end', () => process.exit(0)).resume();
const socket = await connectToLoop();
socket.on('error', () => process.exit(1)).on('close', () => process.exit(0));
readLines<ProbeRequest>(socket, async (request) => writeLine(socket, await answerProbe(request)));
