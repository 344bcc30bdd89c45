import { type Clock, type Desk, failureText, type Sender } from '@reeve/core';
import { type BotApi, callFailure } from '../bot-api.ts';
import { CHANNEL } from '../chat-address.ts';
import type { OfferedFile } from './message-content.ts';

const MB = 1024 * 1024;
/** Bots cannot fetch more, whatever people can send. */
const DOWNLOAD_LIMIT = 20 * MB;
const DOWNLOAD_MS = 120_000;
const MOST_TRIES = 3;
const RETRY_MS = 250;

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

interface DownloadDeps {
  readonly api: BotApi;
  /** Where Telegram's files are: the API's root and the token. */
  readonly fileRoot: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

export function createDownload(deps: DownloadDeps): Download {
  return async (file, signal, use) => {
    if (file.bytes !== null && file.bytes > DOWNLOAD_LIMIT) return tooLarge(file);
    for (let tries = 1; ; tries += 1) {
      const attempt = await fetchOnce(deps, file, signal, use);
      if (attempt.kind === 'done') return attempt.value;
      if (!attempt.isPassing || tries === MOST_TRIES) return attempt.failure;
      await deps.clock.sleep(RETRY_MS * 2 ** tries, signal);
    }
  };
}

type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: FetchFailed; readonly isPassing: boolean };

async function fetchOnce<T>(
  { api, fetch, fileRoot }: DownloadDeps,
  file: OfferedFile,
  signal: AbortSignal,
  use: (content: ReadableStream<Uint8Array>) => Promise<T>,
): Promise<Attempt<T>> {
  const because = (why: string, isPassing: boolean) =>
    ({ kind: 'failed', failure: failed(file, why), isPassing }) as const;
  try {
    const { file_path: path } = await api.asks.getFile(file.id);
    if (path === undefined) return because('Telegram does not offer it any more', false);
    const answer = await fetch(`${fileRoot}/${inAddress(path)}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_MS)]),
    });
    if (!answer.ok || !answer.body) {
      await answer.body?.cancel();
      return because(`Telegram answered ${answer.status}`, answer.status >= 500 || answer.status === 429);
    }
    return { kind: 'done', value: await use(answer.body) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TypeError || error instanceof DOMException)
      return because('the connection to Telegram broke off', true);
    const { kind, reason } = callFailure(error);
    if (reason.includes('too big')) return { kind: 'failed', failure: tooLarge(file), isPassing: false };
    return because(reason, kind === 'ambiguous' || kind === 'wait');
  }
}

/** A path as an address has it: what would end or change it there stands for itself. */
function inAddress(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent);
}

/** Fetches what a person sent from Telegram and puts it among the owner's files. */
export function createFileFetcher(deps: {
  download: Download;
  desk: () => Desk;
}): (file: OfferedFile, sender: Sender, signal: AbortSignal) => Promise<Fetched> {
  return (file, sender, signal) =>
    deps.download<Fetched>(file, signal, async (content) => {
      const stored = await deps.desk().saveUpload(file.name, content, sender, CHANNEL);
      return stored.kind === 'ok'
        ? { kind: 'stored', path: stored.value.path }
        : { kind: 'failed', sentence: `${file.name}: ${failureText(stored.failure)}` };
    });
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
