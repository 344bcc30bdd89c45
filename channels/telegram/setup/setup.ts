import type { Message } from '@grammyjs/types';
import type { Sender } from '@reeve/core';
import { type Place, placeOf } from '../chat-address.ts';
import type { SignedData } from '../signed-data.ts';
import type { Pairing } from './pairing.ts';

/** How far the bot's set-up has come, for `reeve up` and `reeve doctor`; kept in the home. */
export interface SetupNote {
  readonly bot: string | null;
  /** Whether groups show the bot only commands for it and replies to it. */
  readonly isPrivacyOn: boolean;
  /** The webhook that we have set and not taken back. */
  readonly webhook: string | null;
  /** While there is no owner: what to type, and until when it counts. */
  readonly pairing: { readonly code: string; readonly expiresAt: string } | null;
  /** When the owner's tap on our greeting came back: every hop works, both ways. */
  readonly finishedAt: string | null;
  /** What stands in the way now, with its fix. */
  readonly trouble: string | null;
}

/** Who may talk to the bot, as the house knows them. */
export interface BotPeople {
  roleOf(sender: Sender): 'owner' | 'member' | 'stranger';
  /** Everybody who is known on Telegram. */
  list(): readonly { readonly externalId: string; readonly role: 'owner' | 'member' }[];
  /** @param how what made them the owner, for the record. */
  addOwner(sender: Sender, how: string): Promise<void>;
  /** Somebody who is known wrote: an owner who was named by a number only goes by this name from now on. */
  heard(sender: Sender): Promise<void>;
}

export interface Setup {
  /**
   * Looks at what somebody unknown wrote in private; does something only while there is no owner. True when they are the
   * owner from now on.
   */
  meet(sender: Sender, message: Message): Promise<boolean>;
  /** Asks an owner for the tap that finishes the set-up, while it is not finished. */
  greet(sender: Sender, place: Place): Promise<void>;
  /** The tap came back; it counts when it is an owner's. */
  finish(sender: Sender, message: Message): Promise<void>;
  /** Notes which bot it is; another one than before is set up anew. */
  identify(bot: string, isPrivacyOn: boolean): void;
  /** Notes a code for the operator while there is no owner. */
  refresh(): void;
}

const ASK =
  'This bot has no owner yet. Type the pairing code that Reeve shows on the machine where it runs; “reeve doctor” shows it too.';
const OWNED = 'You are the owner of this Reeve now: it obeys you, and whom you admit.';
const WELCOME = 'One tap and the set-up is finished: it shows that your taps reach me, and my words you.';
const FINISHED = '✓ Connected, both ways. Say what you want done, or type /help.';

export function createSetup(deps: {
  people: BotPeople;
  pairing: Pairing;
  signed: SignedData;
  readNote: () => SetupNote;
  note: (change: Partial<SetupNote>) => void;
  now: () => Date;
  send: (place: Place, text: string, button: { label: string; data: string } | null) => Promise<void>;
  replace: (message: Message, text: string) => Promise<void>;
  /** Called when somebody became the owner. */
  onOwner: () => void;
}): Setup {
  const hasOwner = () => deps.people.list().some(({ role }) => role === 'owner');

  async function greet(sender: Sender, place: Place): Promise<void> {
    if (deps.readNote().finishedAt !== null || deps.people.roleOf(sender) !== 'owner') return;
    const data = deps.signed.helloData(place.chatId);
    await deps.send(place, WELCOME, { label: 'It works', data });
  }

  return {
    greet,
    async meet(sender, message) {
      if (hasOwner()) return false;
      const place = placeOf({ externalId: String(message.chat.id) });
      const outcome = deps.pairing.consider(message.text ?? '', Number(sender.externalId));
      if (outcome.kind === 'ask') await deps.send(place, ASK, null);
      if (outcome.kind !== 'paired') return false;
      await deps.people.addOwner(sender, 'the pairing code').catch((error: unknown) => {
        deps.pairing.giveBack();
        throw error;
      });
      deps.note({ pairing: null });
      deps.onOwner();
      await deps.send(place, OWNED, null);
      return true;
    },
    async finish(sender, message) {
      if (deps.people.roleOf(sender) !== 'owner') return;
      if (deps.readNote().finishedAt === null) deps.note({ finishedAt: deps.now().toISOString() });
      await deps.replace(message, FINISHED);
    },
    identify(bot, isPrivacyOn) {
      const { bot: before } = deps.readNote();
      const isOther = before !== null && before !== bot;
      deps.note({ bot, isPrivacyOn, trouble: null, ...(isOther ? { finishedAt: null } : {}) });
    },
    refresh() {
      if (hasOwner()) {
        if (deps.readNote().pairing !== null) deps.note({ pairing: null });
        return;
      }
      const { code, expiresAt } = deps.pairing.current();
      deps.note({ pairing: { code, expiresAt: expiresAt.toISOString() } });
    },
  };
}
