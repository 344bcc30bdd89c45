import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, makeEmptyHome, startReeve } from '../testing/reeve-process.ts';

const DISK_MB = 420;
const isRoot = process.geteuid?.() === 0;

describe('a disk that fills up', () => {
  it('costs messages, said in words, and never the process', async ({ skip }) => {
    skip(!isRoot, 'needs root, to mount a small disk');
    await using home = await makeEmptyHome();
    const disk = path.join(home.path, 'disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk]);
    try {
      await using reeve = await startReeve(home, { REEVE_HOME: disk }, disk);
      const filler = path.join(disk, 'filler');
      await writeFile(filler, Buffer.alloc(DISK_MB * 1024 * 1024)).catch(() => undefined);
      const { body } = await reeve.call('GET', '/v1/status');
      expect(body['trouble']).toEqual([expect.stringMatching(/has only \d+ MB left.*Free some space/)]);
      for (let count = 0; count < 5; count += 1) {
        const sent = await reeve.call('POST', '/v1/conversations/main/messages', {
          text: `hello ${count}`,
        });
        expect([202, 503, 507]).toContain(sent.status);
      }
      await rm(filler);
      await eventually(
        'an accepted message',
        async () =>
          (await reeve.call('POST', '/v1/conversations/main/messages', { text: 'run echo after' })).status ===
          202,
      );
      await eventually('its task’s end', async () => {
        const tasks = await reeve.call('GET', '/v1/tasks?state=succeeded');
        return tasks.status === 200 && (tasks.body['tasks'] as unknown[]).length > 0;
      });
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });
});
