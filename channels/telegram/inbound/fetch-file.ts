import { type Desk, failureText, type Sender } from '@reeve/core';
import { type BotApi, callFailure } from '../bot-api.ts';
import type { OfferedFile } from './message-content.ts';

const MB = 1024 * 1024;
/** Bots cannot fetch more, whatever people can send. */
const DOWNLOAD_LIMIT = 20 * MB;
const DOWNLOAD_MS = 120_000;

export type Fetched =
  | { readonly kind: 'stored'; readonly path: string }
  /** What to tell the person. */
  | { readonly kind: 'failed'; readonly sentence: string };

/** Fetches what a person sent from Telegram and puts it among the owner's files. */
export function createFileFetcher(deps: {
  api: BotApi;
  desk: () => Desk;
  /** Where Telegram's files are: the API's root and the token. */
  fileRoot: string;
  fetch: typeof fetch;
}): (file: OfferedFile, sender: Sender, signal: AbortSignal) => Promise<Fetched> {
  return async (file, sender, signal) => {
    if (file.bytes !== null && file.bytes > DOWNLOAD_LIMIT) return tooLarge(file);
    try {
      const { file_path: path } = await deps.api.asks.getFile(file.id);
      if (path === undefined) return failed(file, 'Telegram does not offer it any more');
      const answer = await deps.fetch(`${deps.fileRoot}/${path}`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_MS)]),
      });
      if (!answer.ok || !answer.body) return failed(file, `Telegram answered ${answer.status}`);
      const stored = await deps.desk().saveUpload(file.name, answer.body, sender);
      return stored.kind === 'ok'
        ? { kind: 'stored', path: stored.value.path }
        : { kind: 'failed', sentence: `${file.name}: ${failureText(stored.failure)}` };
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof TypeError || error instanceof DOMException
        ? failed(file, 'the connection to Telegram broke off')
        : refusedByTelegram(file, error);
    }
  };
}

function refusedByTelegram(file: OfferedFile, error: unknown): Fetched {
  const failure = callFailure(error);
  return failure.reason.includes('too big') ? tooLarge(file) : failed(file, failure.reason);
}

function failed({ name }: OfferedFile, why: string): Fetched {
  return {
    kind: 'failed',
    sentence: `${name} could not be fetched: ${why}. It was not stored; send it again.`,
  };
}

function tooLarge({ name, bytes }: OfferedFile): Fetched {
  const size = bytes === null ? 'more than 20 MB' : `${Math.ceil(bytes / MB)} MB`;
  return {
    kind: 'failed',
    sentence: `${name} has ${size}, and Telegram lets a bot fetch up to 20 MB. It was not stored. Send it in smaller parts, or add it in the web chat.`,
  };
}
