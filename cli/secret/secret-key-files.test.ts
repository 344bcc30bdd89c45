import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSecretKeyFiles } from './secret-key-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'reeve-keys-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('makes keys that only this user can read, one file for each version', async () => {
  const keys = createSecretKeyFiles(folder);
  expect([await keys.add(), await keys.add()]).toEqual([1, 2]);
  const all = await createSecretKeyFiles(folder).all();
  expect([...all.keys()].sort()).toEqual([1, 2]);
  expect(all.get(1)).toHaveLength(32);
  expect(all.get(1)).not.toEqual(all.get(2));
  expect((await stat(path.join(folder, 'secret-key-v1'))).mode & 0o777).toBe(0o600);
});

it('gives parallel callers versions of their own, while others read whole keys', async () => {
  const keys = createSecretKeyFiles(folder);
  const reading = Array.from({ length: 20 }, () => keys.all());
  const versions = await Promise.all(Array.from({ length: 10 }, () => keys.add()));
  expect(new Set(versions).size).toBe(10);
  await expect(Promise.all(reading)).resolves.toHaveLength(20);
  expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
});

it('forgets old keys and never counts their versions again while a newer one is there', async () => {
  const keys = createSecretKeyFiles(folder);
  for (let count = 0; count < 3; count += 1) await keys.add();
  await keys.forgetBefore(3);
  expect([...(await keys.all()).keys()]).toEqual([3]);
  expect(await keys.add()).toBe(4);
});

it('names a damaged key file', async () => {
  await writeFile(path.join(folder, 'secret-key-v1'), 'half a key');
  await expect(createSecretKeyFiles(folder).all()).rejects.toThrow('secret-key-v1 is damaged');
});
