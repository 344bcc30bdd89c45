import {
  createTelegramPeer,
  type Person,
  type ShownMessage,
  type TelegramPeer,
} from '@reeve/core/testing/telegram-peer';
import { eventually, makeTestHome, type RunningReeve, startReeve, type TestHome } from './reeve-process.ts';

/** A Reeve with a bot on the stand-in, and its owner's phone. */
export interface TelegramHouse extends AsyncDisposable {
  readonly peer: TelegramPeer;
  readonly home: TestHome;
  readonly ann: Person;
  reeve(): RunningReeve;
  /** Ends the process as given and starts another on the same home. */
  restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Waits until a chat shows a message of the bot that fits. */
  shown(what: string, fits: (message: ShownMessage) => boolean, chat?: number): Promise<ShownMessage>;
}

export const ANN_ID = 4711;

/** @param extra settings beside the bot's; the owner is named unless `TELEGRAM_OWNER_ID` is set to nothing there. */
export async function openTelegramHouse(
  extra: Readonly<Record<string, string>> = {},
): Promise<TelegramHouse> {
  const peer = await createTelegramPeer({ limitsRate: true });
  const home = await makeTestHome();
  const settings = {
    TELEGRAM_BOT_TOKEN: peer.token,
    TELEGRAM_API_ROOT: peer.url,
    TELEGRAM_OWNER_ID: String(ANN_ID),
    ...extra,
  };
  const ann = peer.person(ANN_ID, 'Ann');
  ann.open();
  let reeve = await startReeve(home, settings);
  return {
    peer,
    home,
    ann,
    reeve: () => reeve,
    async restart(signal) {
      await reeve.kill(signal);
      reeve = await startReeve(home, settings);
    },
    async shown(what, fits, chat = ANN_ID) {
      try {
        return await eventually(what, async () => peer.fromBot(chat).findLast((message) => fits(message)));
      } catch (error) {
        const texts = peer.messages(chat).map(({ from, text }) => `${from.first_name}: ${text}`);
        throw new Error(`${(error as Error).message}; the chat shows:\n${texts.join('\n---\n')}`);
      }
    },
    async [Symbol.asyncDispose]() {
      await reeve.kill('SIGTERM');
      await peer.close();
      await home[Symbol.asyncDispose]();
    },
  };
}

/** The labels of a message's buttons. */
export function labelsOf(message: ShownMessage): string[] {
  return message.buttons.flat().map(({ text }) => text);
}
