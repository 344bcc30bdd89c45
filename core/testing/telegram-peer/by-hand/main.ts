import { readFile } from 'node:fs/promises';
import { createTelegramPeer } from '../telegram-peer.ts';
import { createChatPage } from './chat-page.ts';

/** `npm run telegram-peer [port]`: the stand-in with a page to chat on, until Ctrl-C. */
const DEFAULT_PORT = 8081;
const OWNER = 4711;

const port = Number(process.argv[2] ?? DEFAULT_PORT);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write(`${process.argv[2]} is no port. Say npm run telegram-peer -- 8081, for example.\n`);
  process.exit(2);
}
const html = await readFile(new URL('./page.html', import.meta.url), 'utf8');
const page = createChatPage(html);
const peer = await createTelegramPeer({ port, limitsRate: true, page: page.serve });
page.open(peer, [peer.person(OWNER, 'Ann'), peer.person(4712, 'Bob')]);
process.stdout.write(
  [
    `A stand-in for Telegram is at ${peer.url}. Nothing of it reaches Telegram. Chat there as Ann or Bob.`,
    'Start Reeve beside it:',
    `  TELEGRAM_API_ROOT=${peer.url} TELEGRAM_BOT_TOKEN=${peer.token} TELEGRAM_OWNER_ID=${OWNER} npm start`,
    'Without TELEGRAM_OWNER_ID the bot asks for the pairing code that npm start prints. Ctrl-C ends it.',
    '',
  ].join('\n'),
);
