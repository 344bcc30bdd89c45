import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Person, SaySettings } from '../person.ts';
import type { TelegramPeer } from '../telegram-peer.ts';
import type { ShownMessage } from '../world.ts';

const GROUP = -1_001_000;
const MOST_BYTES = 30 * 1024 * 1024;

const actSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('say'), text: z.string(), replyTo: z.number().nullable() }),
  z.object({ kind: z.literal('file'), name: z.string(), caption: z.string(), base64: z.base64() }),
  z.object({ kind: z.literal('tap'), message: z.number(), row: z.number(), column: z.number() }),
  z.object({ kind: z.literal('edit'), message: z.number(), text: z.string() }),
  z.object({ kind: z.literal('stop') }),
]);
const requestSchema = z.object({ person: z.number(), chat: z.number(), act: actSchema });
type Act = z.infer<typeof actSchema>;

export interface ChatPage {
  /** What `createTelegramPeer` serves at addresses that are none of the Bot API. */
  readonly serve: (request: IncomingMessage, url: URL) => Promise<{ type: string; body: string } | null>;
  /** Says whose phones the page shows. */
  open(peer: TelegramPeer, people: readonly Person[]): void;
}

/** A page on which a developer is the people who chat with the bot, alone or in a group. */
export function createChatPage(html: string): ChatPage {
  let house: { peer: TelegramPeer; people: readonly Person[] } | null = null;
  return {
    open(peer, people) {
      for (const person of people) person.open();
      peer.group(GROUP, 'Group', people);
      house = { peer, people };
    },
    async serve(request, url) {
      if (!house || !isFromHere(request, house.peer.url)) return null;
      const { peer, people } = house;
      if (request.method === 'GET' && url.pathname === '/')
        return { type: 'text/html; charset=utf-8', body: html };
      if (request.method === 'GET' && url.pathname === '/state')
        return json(stateOf(peer, people, Number(url.searchParams.get('chat'))));
      if (request.method !== 'POST' || url.pathname !== '/act') return null;
      const asked = requestSchema.safeParse(JSON.parse(await readText(request)));
      const person = people.find(({ user }) => user.id === asked.data?.person);
      if (!asked.success || !person) return json({ problem: 'The page asked for something unknown.' });
      return json({ problem: perform(peer, person, asked.data.chat, asked.data.act) });
    },
  };
}

/** Pages of other sites may call loopback addresses, too; what they ask is not served. */
function isFromHere({ headers }: IncomingMessage, url: string): boolean {
  const { host, origin } = new URL(url);
  return headers.host === host && (headers.origin === undefined || headers.origin === origin);
}

function json(value: unknown): { type: string; body: string } {
  return { type: 'application/json', body: JSON.stringify(value) };
}

function stateOf(peer: TelegramPeer, people: readonly Person[], chat: number): object {
  const commands = peer.menu(chat < 0 ? 'all_group_chats' : `chat:${chat}`);
  return {
    people: people.map(({ user }) => ({ id: user.id, name: user.first_name })),
    group: GROUP,
    messages: peer.messages(chat).map(seen),
    draft: peer.draft(chat),
    commands: commands.length > 0 ? commands : peer.menu('default'),
    waiting: peer.unconfirmed(),
    refused: peer.calls
      .filter(({ status }) => status >= 400)
      .slice(-3)
      .map(({ method, status }) => `${method} ${status}`),
  };
}

function seen({ from, file, ...message }: ShownMessage): object {
  return {
    ...message,
    from: { id: from.id, name: from.first_name, isBot: from.is_bot },
    file: file && { kind: file.kind, name: file.name, bytes: file.bytes.length },
  };
}

/** Returns what went wrong, in words, or null. */
function perform(peer: TelegramPeer, person: Person, chat: number, act: Act): string | null {
  const settings: SaySettings = chat === person.user.id ? {} : { chat };
  switch (act.kind) {
    case 'say':
      person.say(act.text, act.replyTo === null ? settings : { ...settings, replyTo: act.replyTo });
      return null;
    case 'file': {
      const bytes = Buffer.from(act.base64, 'base64');
      if (/\.(png|jpe?g|webp)$/i.test(act.name)) person.photo(bytes, act.caption, settings);
      else person.document(act.name, bytes, act.caption, settings);
      return null;
    }
    case 'tap': {
      const message = peer.messages(chat).find(({ id }) => id === act.message);
      const button = message?.buttons[act.row]?.[act.column];
      if (!message || !button) return 'That button is gone.';
      if (!('callback_data' in button)) return 'That button copies text and tells the bot nothing.';
      person.tap(message, button.text);
      return null;
    }
    case 'edit': {
      const message = peer.messages(chat).find(({ id }) => id === act.message);
      if (message?.from.id !== person.user.id) return 'Only your own words can be changed.';
      person.edit(message, act.text);
      return null;
    }
    case 'stop':
      if (!peer.draft(person.user.id)?.canStop) return 'There is nothing to stop.';
      person.stopDraft();
      return null;
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new Error('the page sent more than 30 MB');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
