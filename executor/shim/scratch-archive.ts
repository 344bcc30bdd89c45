import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { chunkBytes } from './frames.ts';
import { emptyScratch, type SendChunk } from './scratch-files.ts';
import { Refusal } from './scratch-path.ts';

/** GNU tar says 1 when a file changed while it was read: the snapshot holds some state of it, which is enough. */
const tarSomeFilesDiffer = 1;
const keptErrorBytes = 2048;

/** Sends scratch as a tar stream. Throws Refusal `too-large` as soon as it passes `maxBytes`. */
export async function snapshotScratch(
  root: string,
  maxBytes: number,
  send: SendChunk,
  signal: AbortSignal,
): Promise<{ bytes: number }> {
  const options = [
    '--create',
    '--file=-',
    '--format=posix',
    '--sparse',
    '--one-file-system',
    '--ignore-failed-read',
  ];
  const tar = spawn('/usr/bin/tar', [...options, '--sort=name', '--directory', root, '.'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const errors = keepErrors(tar.stderr);
  const ended = once(tar, 'close');
  let bytes = 0;
  try {
    for await (const chunk of tar.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new Refusal('too-large', `scratch is larger than ${maxBytes} bytes`);
      for (let at = 0; at < chunk.length; at += chunkBytes) await send(chunk.subarray(at, at + chunkBytes));
    }
  } catch (error) {
    tar.kill('SIGKILL');
    await Promise.allSettled([ended]);
    throw error;
  }
  await ended;
  if (tar.exitCode !== 0 && tar.exitCode !== tarSomeFilesDiffer)
    throw new Refusal('failed', `tar: ${errors()}`);
  return { bytes };
}

/** Replaces everything in scratch by the contents of a tar stream. After a failure scratch is half filled. */
export async function restoreScratch(
  root: string,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await emptyScratch(root);
  const options = [
    '--extract',
    '--file=-',
    '--preserve-permissions',
    '--no-same-owner',
    '--delay-directory-restore',
  ];
  const tar = spawn('/usr/bin/tar', [...options, '--directory', root], {
    stdio: ['pipe', 'ignore', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const errors = keepErrors(tar.stderr);
  const [fed] = await Promise.allSettled([pipeline(content, tar.stdin, { signal }), once(tar, 'close')]);
  signal.throwIfAborted();
  if (tar.exitCode !== 0) throw new Refusal('failed', `tar: ${errors()}`);
  if (fed.status === 'rejected' && !isClosedPipe(fed.reason)) throw fed.reason;
}

/** tar stops reading at its end-of-archive mark; what comes after it is padding. */
function isClosedPipe(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function keepErrors(stream: NodeJS.ReadableStream): () => string {
  let kept = '';
  stream.on('data', (chunk: Buffer) => {
    kept = (kept + chunk.toString('utf8')).slice(-keptErrorBytes);
  });
  return () => kept.trim();
}
