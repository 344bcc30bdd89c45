import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ContainedProcess, StartProgram } from './contained-process.ts';
import {
  cacheOf,
  dryRunLine,
  fillingCache,
  loopProgram,
  type PairLayoutOptions,
  sandboxProgram,
} from './pair-layout.ts';
import type { Room } from './rooms.ts';

const execute = promisify(execFile);
const fillWithinMs = 20_000;
/** Nothing but our own code and a shell's `:` runs there. */
export const fillLimits = {
  memoryBytes: 512 * 1024 * 1024,
  scratchBytes: 64 * 1024 * 1024,
  processes: 64,
  cpuPercent: 100,
};

/**
 * Has a pair do its dry run and end, so that Node writes the compiled form of the code that it used; executors read it
 * and compile nothing of that again. Executors cannot write there: what one leaves, the next would run.
 *
 * @throws {Error} when the walls cannot be built, or a half does not end by itself.
 */
export async function fillCompileCache(
  layout: PairLayoutOptions,
  room: Room,
  start: StartProgram,
): Promise<void> {
  const halves = [
    { place: room.loop, cache: cacheOf(layout, 'loop') },
    { place: room.sandbox, cache: cacheOf(layout, 'shim') },
  ] as const;
  for (const { place, cache } of halves) if (place.ids) await giveTree(cache, place.ids.uid);
  const loop = fillingCache(loopProgram(layout, room.directories, fillLimits));
  const shim = fillingCache(sandboxProgram(layout, room.directories, fillLimits));
  const stdio = { stdin: 'open', captureStdout: false } as const;
  const running = start(loop, room.loop, stdio);
  running.tell(dryRunLine(fillLimits));
  await untilBothEnded(running, start(shim, room.sandbox, stdio));
  for (const { place, cache } of halves) {
    if (place.ids === undefined) continue;
    await giveTree(cache, 0);
    // Node makes its cache files private, and each pair has a uid of its own.
    await execute('/usr/bin/chmod', ['-R', 'a+rX', '--', cache]);
  }
}

async function untilBothEnded(loop: ContainedProcess, shim: ContainedProcess): Promise<void> {
  const killBoth = () => {
    loop.kill();
    shim.kill();
  };
  const timer = setTimeout(killBoth, fillWithinMs).unref();
  try {
    await Promise.all([loop.started, shim.started]);
    for (const half of [loop, shim]) {
      const end = await half.ended;
      if (end.kind !== 'exited' || end.code !== 0)
        throw new Error(`the dry run failed: ${loop.logs()}${shim.logs()}`);
    }
  } finally {
    clearTimeout(timer);
    killBoth();
    await Promise.all([loop.gone, shim.gone]);
  }
}

async function giveTree(path: string, uid: number): Promise<void> {
  await execute('/usr/bin/chown', ['-R', '--no-dereference', `${uid}:${uid}`, '--', path]);
}
