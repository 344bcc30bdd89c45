import { askForTask } from './ask-for-task.ts';
import { createLinkTransport } from './link-transport.ts';
import type { Start } from './main.ts';

/**
 * The loop's process. Its launcher writes one JSON line with the ticket and then keeps stdin open for as long as it
 * lives; when stdin ends, so does this process, and with it the sandbox. A line without a ticket asks for the dry run
 * alone: the launcher keeps what that compiled for others.
 *
 * It asks for its task before it loads what it needs to do it, so that the coordinator sees to the one meanwhile.
 * Nothing here awaits at the top level: what is loaded later may share modules with this one.
 */
const RUN_DIRECTORY = '/run/reeve';

async function readFirstLine(): Promise<Start['firstLine']> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  process.stdin.setEncoding('utf8').on('data', (chunk) => {
    text += String(chunk);
    if (text.includes('\n')) resolve(text);
  });
  process.stdin.on('end', () => process.exit(0));
  return JSON.parse(await promise) as Start['firstLine'];
}

async function start(): Promise<void> {
  const firstLine = await readFirstLine();
  const link = createLinkTransport(`${RUN_DIRECTORY}/link.sock`);
  const sent = Promise.withResolvers<void>();
  const task = firstLine.ticket === null ? null : askForTask(link, firstLine.ticket, sent.resolve);
  // Loading takes the thread for 25 ms, and the request would wait for its end.
  if (task !== null) await Promise.race([sent.promise, task]);
  const { live } = await import('./main.ts');
  process.exit(
    await live({
      firstLine,
      link,
      task,
      pairDirectory: `${RUN_DIRECTORY}/pair`,
      gatewaySocket: `${RUN_DIRECTORY}/gateway.sock`,
    }),
  );
}

void start();
