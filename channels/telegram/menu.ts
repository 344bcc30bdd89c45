import type { BotCommand, BotCommandScope } from '@grammyjs/types';
import type { Log } from '@reeve/core';
import { type BotApi, callFailure } from './bot-api.ts';
import type { BotPeople } from './setup/setup.ts';

export interface MenuCommand {
  readonly name: string;
  readonly description: string;
}

export interface Menu {
  /** Brings the menus in line with who is known; what Telegram refuses stays as it is. Does nothing when they are. */
  refresh(): Promise<void>;
  /** Somebody opened their chat: a menu that was refused because it did not exist is tried again. */
  met(externalId: string): void;
}

const DESCRIPTION_LIMIT = 256;

/**
 * The menu beside the input line: those who are known see their commands in their private chat, groups what members may
 * type, and strangers none.
 */
export function createMenu(deps: {
  api: BotApi;
  log: Log;
  people: BotPeople;
  commands: (role: 'owner' | 'member') => readonly MenuCommand[];
}): Menu {
  const { api, log, people } = deps;
  /** What was last set, or tried, by person. */
  const shown = new Map<string, 'owner' | 'member'>();
  const refused = new Set<string>();
  let isForAllSet = false;

  async function set(commands: readonly MenuCommand[], scope: BotCommandScope): Promise<boolean> {
    try {
      return await api.asks.setMyCommands(commands.flatMap(toBotCommand), { scope });
    } catch (error) {
      const { reason } = callFailure(error);
      log.info({ scope: scope.type, reason }, 'a menu could not be set');
      return false;
    }
  }

  async function setFor(externalId: string, role: 'owner' | 'member' | null): Promise<void> {
    if (role === null) shown.delete(externalId);
    else shown.set(externalId, role);
    const commands = role === null ? [] : deps.commands(role);
    const isSet = await set(commands, { type: 'chat', chat_id: Number(externalId) });
    if (!isSet && role !== null) refused.add(externalId);
  }

  return {
    async refresh() {
      if (!isForAllSet) {
        isForAllSet = true;
        await set([], { type: 'default' });
        await set(deps.commands('member'), { type: 'all_group_chats' });
      }
      const known = new Map(people.list().map(({ externalId, role }) => [externalId, role]));
      for (const [externalId, role] of known)
        if (shown.get(externalId) !== role) await setFor(externalId, role);
      for (const externalId of [...shown.keys()]) if (!known.has(externalId)) await setFor(externalId, null);
    },
    met(externalId) {
      if (refused.delete(externalId)) shown.delete(externalId);
    },
  };
}

function toBotCommand({ name, description }: MenuCommand): BotCommand[] {
  if (!/^[a-z0-9_]{1,32}$/.test(name) || description === '') return [];
  return [{ command: name, description: description.slice(0, DESCRIPTION_LIMIT) }];
}
