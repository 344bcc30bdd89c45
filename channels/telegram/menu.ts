import type { BotCommand, BotCommandScope } from '@grammyjs/types';
import type { Log } from '@reeve/core';
import { type BotApi, callFailure } from './bot-api.ts';
import type { BotPeople } from './setup/setup.ts';

export interface MenuCommand {
  readonly name: string;
  readonly description: string;
}

export interface Menu {
  /** Shows everybody what they may type. What Telegram refuses stays as it is. */
  show(): Promise<void>;
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

  async function set(commands: readonly MenuCommand[], scope: BotCommandScope): Promise<void> {
    try {
      await api.asks.setMyCommands(commands.flatMap(toBotCommand), { scope });
    } catch (error) {
      const { reason } = callFailure(error);
      log.info({ scope: scope.type, reason }, 'a menu could not be set');
    }
  }

  return {
    async show() {
      await set([], { type: 'default' });
      await set(deps.commands('member'), { type: 'all_group_chats' });
      for (const { externalId, role } of people.list())
        await set(deps.commands(role), { type: 'chat', chat_id: Number(externalId) });
    },
  };
}

function toBotCommand({ name, description }: MenuCommand): BotCommand[] {
  if (!/^[a-z0-9_]{1,32}$/.test(name) || description === '') return [];
  return [{ command: name, description: description.slice(0, DESCRIPTION_LIMIT) }];
}
