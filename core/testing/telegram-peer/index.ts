export type { Fault } from './faults.ts';
export type { Person, SaySettings } from './person.ts';
export { createTelegramPeer, type TelegramPeer } from './telegram-peer.ts';
export { CAPTION_LIMIT, checkText, TEXT_LIMIT } from './text-check.ts';
export type { Call, ShownDraft, ShownMessage } from './world.ts';
