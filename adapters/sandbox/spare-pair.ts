import { isDeepStrictEqual } from 'node:util';
import type { SandboxLimits } from '@reeve/core';
import type { LaunchedPair } from './launched-pair.ts';

/** What a pair's walls are built round. */
export interface Ground {
  readonly limits: SandboxLimits;
  /** Which sockets are the doors now: a server that was started anew has others of the same name. */
  readonly doors: readonly string[];
}

type Walls = Pick<LaunchedPair, 'executor' | 'isOver'>;

/** One pair whose walls stand and whose programs wait to begin: a third of a cold start is over when it is asked for. */
export interface SparePair<Pair extends Walls> {
  /** The spare one if it stands on this ground; else one whose walls are yet to be built. */
  take(ground: Ground): Promise<Pair>;
  /** Has one built in a while, unless there is one then. */
  prepare(ground: Ground): void;
  /** Resolves when none is left; none is built after that. */
  close(): Promise<void>;
}

/** The programs of the pair that was just launched need the processors more. */
const buildAfterMs = 500;

export function createSparePair<Pair extends Walls>(
  build: (ground: Ground) => Promise<Pair>,
): SparePair<Pair> {
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let spare: { readonly ground: Ground; readonly pair: Promise<Pair | undefined> } | undefined;

  async function drop(): Promise<void> {
    const dropped = spare;
    spare = undefined;
    await (await dropped?.pair)?.executor.kill();
  }

  return {
    async take(ground) {
      if (spare === undefined) return build(ground);
      if (!isDeepStrictEqual(spare.ground, ground)) {
        await drop();
        return build(ground);
      }
      const { pair } = spare;
      spare = undefined;
      const ready = await pair;
      return ready === undefined || ready.isOver() ? build(ground) : ready;
    },
    prepare(ground) {
      clearTimeout(timer);
      if (isClosed) return;
      timer = setTimeout(() => {
        // What stands in the way now is told when a launch meets it.
        spare ??= { ground, pair: build(ground).catch(() => undefined) };
      }, buildAfterMs).unref();
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      return drop();
    },
  };
}
