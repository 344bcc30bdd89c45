import { type Desk, failureText, type Sender } from '@reeve/core';
import { type BotApi, callFailure } from '../bot-api.ts';
import type { OfferedFile } from './message-content.ts';

const MB = 1024 * 1024;
/** Bots cannot fetch more, whatever people can send. */
const DOWNLOAD_LIMIT = 20 * MB;
const DOWNLOAD_MS = 120_000;

export interface FetchFailed {
  readonly kind: 'failed';
  /** What to tell the person. */
  readonly sentence: string;
}

export type Fetched = { readonly kind: 'stored'; readonly path: string } | FetchFailed;

/**
 * Fetches what a person sent from Telegram and hands its bytes to `use` while they come; resolves to what that resolves
 * to, or to why they did not come.
 */
export type Download = <T>(
  file: OfferedFile,
  signal: AbortSignal,
  use: (content: ReadableStream<Uint8Array>) => Promise<T>,
) => Promise<T | FetchFailed>;

export function createDownload(deps: {
  api: BotApi;
  /** Where Telegram's files are: the API's root and the token. */
  fileRoot: string;
  fetch: typeof fetch;
}): Download {
  return async (file, signal, use) => {
    if (file.bytes !== null && file.bytes > DOWNLOAD_LIMIT) return tooLarge(file);
    try {
      const { file_path: path } = await deps.api.asks.getFile(file.id);
      if (path === undefined) return failed(file, 'Telegram does not offer it any more');
      const answer = await deps.fetch(`${deps.fileRoot}/${path}`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_MS)]),
      });
      if (!answer.ok || !answer.body) return failed(file, `Telegram answered ${answer.status}`);
      return await use(answer.body);
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof TypeError || error instanceof DOMException
        ? failed(file, 'the connection to Telegram broke off')
        : refusedByTelegram(file, error);
    }
  };
}

/** Fetches what a person sent from Telegram and puts it among the owner's files. */
export function createFileFetcher(deps: {
  download: Download;
  desk: () => Desk;
}): (file: OfferedFile, sender: Sender, signal: AbortSignal) => Promise<Fetched> {
  return (file, sender, signal) =>
    deps.download<Fetched>(file, signal, async (content) => {
      const stored = await deps.desk().saveUpload(file.name, content, sender);
      return stored.kind === 'ok'
        ? { kind: 'stored', path: stored.value.path }
        : { kind: 'failed', sentence: `${file.name}: ${failureText(stored.failure)}` };
    });
}

function refusedByTelegram(file: OfferedFile, error: unknown): FetchFailed {
  const failure = callFailure(error);
  return failure.reason.includes('too big') ? tooLarge(file) : failed(file, failure.reason);
}

function failed({ name }: OfferedFile, why: string): FetchFailed {
  return {
    kind: 'failed',
    sentence: `${name} could not be fetched: ${why}. It was not stored; send it again.`,
  };
}

function tooLarge({ name, bytes }: OfferedFile): FetchFailed {
  const size = bytes === null ? 'more than 20 MB' : `${Math.ceil(bytes / MB)} MB`;
  return {
    kind: 'failed',
    sentence: `${name} has ${size}, and Telegram lets a bot fetch up to 20 MB. It was not stored. Send it in smaller parts, or add it in the web chat.`,
  };
}
