import type { ExecutorEnd, LaunchedExecutor, SandboxLimits } from '@reeve/core';
import type { StartProgram } from './contained-process.ts';
import { loopFirstLine, loopProgram, type PairLayoutOptions, sandboxProgram } from './pair-layout.ts';
import type { Room } from './rooms.ts';
import { watchScratch } from './scratch-watch.ts';

export interface LaunchedPair {
  readonly executor: LaunchedExecutor;
  /**
   * Lets the loop run, behind walls that may stand for long by then, and hands it its ticket. The sandbox's program runs
   * from the loop's first word on: two starts at once would each take half as long again.
   */
  begin(ticket: string): void;
  /** It has ended, or one half of it. */
  isOver(): boolean;
  /** Resolves when the walls of both stand. When `signal` aborts, or one does not start, nothing of the pair is left and this rejects. */
  started(signal: AbortSignal | undefined): Promise<void>;
  /** Resolves when nothing of the pair is left, its directories included. */
  readonly cleaned: Promise<void>;
}

export interface PairStart {
  readonly limits: SandboxLimits;
  readonly layout: PairLayoutOptions;
  readonly room: Room;
  readonly start: StartProgram;
}

/** A loop that lost its sandbox has this long to say so over the task link and to exit with its own code. */
const lastWordsMs = 500;

/** Has the walls of loop and sandbox built side by side and ties their lives together. Takes the room over. */
export function startPair({ limits, layout, room, start }: PairStart): LaunchedPair {
  const { directories } = room;
  const stdio = { stdin: 'open', isHeld: true } as const;
  const loop = start(loopProgram(layout, directories, limits), room.loop, { ...stdio, captureStdout: true });
  const sandbox = start(sandboxProgram(layout, directories, limits), room.sandbox, {
    ...stdio,
    captureStdout: false,
  });

  function killBoth(): void {
    loop.kill();
    sandbox.kill();
  }

  const watching = new AbortController();
  let overrun = '';
  async function endOverrun(leader: number): Promise<void> {
    const watch = { directory: directories.scratch, limitBytes: limits.scratchBytes };
    try {
      const bytes = await watchScratch({ ...watch, leader, signal: watching.signal });
      if (bytes === undefined) return;
      overrun = `scratch held ${bytes} bytes, more than its limit\n`;
    } catch (error) {
      overrun = `scratch could not be watched: ${String(error)}\n`;
    }
    killBoth();
  }

  let isOver = false;
  const first = Promise.race([loop.ended.then(() => loop), sandbox.ended.then(() => sandbox)]);
  const gone = (async (): Promise<ExecutorEnd> => {
    await first;
    isOver = true;
    const timer = setTimeout(killBoth, lastWordsMs);
    await loop.ended;
    sandbox.kill();
    watching.abort();
    await Promise.all([loop.gone, sandbox.gone]);
    clearTimeout(timer);
    return await loop.ended;
  })();

  const cleaned = gone.then(() => room[Symbol.asyncDispose]());

  return {
    executor: {
      id: room.name,
      ended: gone,
      async kill() {
        killBoth();
        await gone;
      },
      logs: () => `${overrun}${loop.logs()}${sandbox.logs()}`,
    },
    begin(ticket) {
      loop.tell(loopFirstLine({ ticket, limits }));
      loop.release();
      void loop.spoken.then(() => {
        sandbox.release();
        // Only now: a look at every second is too much for walls that may stand empty for hours.
        if (room.sandbox.image === undefined && sandbox.id !== undefined) void endOverrun(sandbox.id);
      });
    },
    isOver: () => isOver,
    async started(signal) {
      signal?.addEventListener('abort', killBoth, { once: true });
      try {
        if (signal?.aborted === true) killBoth();
        await Promise.all([loop.started, sandbox.started]);
        signal?.throwIfAborted();
      } catch (error) {
        killBoth();
        await cleaned;
        signal?.throwIfAborted();
        // The other one was killed because of it and knows nothing.
        await (await first).started;
        throw error;
      } finally {
        signal?.removeEventListener('abort', killBoth);
      }
    },
    cleaned,
  };
}
