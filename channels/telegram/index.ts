export type { MenuCommand } from './menu.ts';
export type { BotPeople, SetupNote } from './setup/setup.ts';
export {
  createTelegramChannel,
  type TelegramChannel,
  type TelegramChannelOptions,
} from './telegram-channel.ts';
export type { WebhookSettings } from './webhook.ts';
