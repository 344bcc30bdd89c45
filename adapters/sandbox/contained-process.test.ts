import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startContained } from './contained-process.ts';

const megabyte = 1024 * 1024;

function startShell(script: string) {
  return startContained({
    commandLine: {
      argv: ['/bin/sh', '-c', script],
      startedDescriptor: 3,
      seccomp: undefined,
      holdDescriptor: undefined,
    },
    environment: {},
    stdin: 'open',
    captureStdout: false,
  });
}

it('what floods its stderr waits for its reader, which takes no more than a few megabytes a second', async () => {
  const flood = startShell('exec /usr/bin/yes >&2');
  await sleep(1500);
  const written = Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${flood.id}/io`, 'utf8'))?.[1]);
  flood.kill();
  await flood.gone;
  expect(written).toBeGreaterThan(megabyte / 8);
  expect(written).toBeLessThan(10 * megabyte);
  expect(flood.logs()).toMatch(/^y?\n(y\n)+y?$/);
});

it('the end of a long outpouring is kept, whole lines and all', async () => {
  const talker = startShell('/usr/bin/seq 1 100000 >&2');
  expect(await talker.ended).toEqual({ kind: 'exited', code: 0 });
  await talker.gone;
  expect(talker.logs()).toMatch(/99999\n100000\n$/);
});
