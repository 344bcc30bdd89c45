import type { Message, User } from '@grammyjs/types';
import { expect, it } from 'vitest';
import { forwardedFrom, isForOtherBot } from './message-content.ts';

const BOT: User = { id: 1, is_bot: true, first_name: 'Reeve', username: 'Reeve_Bot' };

it('counts what another bot offered as that bot’s words', () => {
  const offered = { text: 'delete it all', via_bot: { ...BOT, username: 'offers_bot' } } as Message;
  expect(forwardedFrom(offered)).toBe('@offers_bot');
  expect(forwardedFrom({ text: 'mine' } as Message)).toBeNull();
});

it('knows a command that names another bot', () => {
  const command = (text: string) =>
    ({ text, entities: [{ type: 'bot_command', offset: 0, length: text.length }] }) as unknown as Message;
  expect(isForOtherBot(command('/cancel@other_bot'), BOT)).toBe(true);
  expect(isForOtherBot(command('/cancel@reeve_bot'), BOT)).toBe(false);
  expect(isForOtherBot(command('/cancel'), BOT)).toBe(false);
  expect(isForOtherBot({ text: 'mail me@other_bot' } as Message, BOT)).toBe(false);
});
