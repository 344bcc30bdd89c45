import { statfsSync } from 'node:fs';
import { type ChatChunk, FAILURES, isFailureCode, type Model, ModelError, type TaskQueue } from '@reeve/core';

/** What is wrong right now, as `/status` shows it; each line says the fix. */
export interface Trouble {
  lines(): readonly string[];
  /** The same model; what its calls come to is noted. */
  watchModel(model: Model): Model;
  /** The same queue; what its calls come to is noted. */
  watchQueue(queue: TaskQueue): TaskQueue;
}

/** Below this the disk counts as full. */
const LEAST_FREE_BYTES = 100 * 1024 * 1024;

export function createTrouble(home: string): Trouble {
  let model: ModelError | null = null;
  let queue: Error | null = null;
  return {
    lines: () => [...diskLines(home), ...modelLines(model), ...queueLines(queue)],
    watchModel: (watched) => ({
      stream: (request, signal) =>
        noted(watched.stream(request, signal), (error) => {
          model = error;
        }),
    }),
    watchQueue: (watched) => ({
      ...watched,
      async enqueue(job) {
        try {
          await watched.enqueue(job);
          queue = null;
        } catch (error) {
          queue = error instanceof Error ? error : new Error(String(error));
          throw error;
        }
      },
    }),
  };
}

async function* noted(
  chunks: AsyncIterable<ChatChunk>,
  note: (error: ModelError | null) => void,
): AsyncGenerator<ChatChunk> {
  try {
    yield* chunks;
    note(null);
  } catch (error) {
    if (error instanceof ModelError) note(error);
    throw error;
  }
}

function diskLines(home: string): string[] {
  const { bavail, bsize } = statfsSync(home);
  const free = bavail * bsize;
  if (free >= LEAST_FREE_BYTES) return [];
  return [
    `The disk that holds ${home} has only ${Math.floor(free / 1024 / 1024)} MB left, so new work may fail. Free some space; Reeve goes on by itself.`,
  ];
}

function modelLines(error: ModelError | null): string[] {
  if (!error) return [];
  const { what, hint } = FAILURES[isFailureCode(error.code) ? error.code : 'model-failed'];
  return [`${what} ${hint}`];
}

function queueLines(error: Error | null): string[] {
  return error
    ? [
        'The queue does not answer, so tasks wait. Check REDIS_URL or DATABASE_URL and that the server runs; Reeve goes on by itself.',
      ]
    : [];
}
