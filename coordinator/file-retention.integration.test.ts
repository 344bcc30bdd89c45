import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDiskObjectStore } from '@reeve/object-store';
import { createPostgresStore } from '@reeve/postgres';
import { emptyDatabase, type FreshDatabase, openFreshDatabase, silentLog } from '@reeve/postgres/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBlobGate } from './blob-gate.ts';
import { createDrive } from './drive.ts';
import { forgetOldVersions } from './file-retention.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
let database: FreshDatabase;
let folder: string;
beforeAll(async () => {
  database = await openFreshDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'reeve-retention-'));
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

it('what was removed can be brought back for thirty days; then its content is gone from the disk', async () => {
  await emptyDatabase(database);
  const store = await createPostgresStore({ pool: database });
  const objects = createDiskObjectStore(folder);
  let now = new Date('2026-11-21T09:00:00.000Z');
  const clock = { now: () => now, sleep: () => Promise.reject(new Error('nobody waits here')) };
  const gate = createBlobGate();
  const newId = () => randomUUID();
  const drive = createDrive({ store, objects, clock, newId, limitBytes: 1000, gate });
  await store.takeOver('test', now);
  const upload = (name: string, text: string) =>
    drive.upload(name, ReadableStream.from([Buffer.from(text)]), {
      channel: 'http',
      externalId: '7',
      name: 'Ada',
    });
  const forget = () => forgetOldVersions({ store, objects, gate, clock, log: silentLog });
  const blobs = async () =>
    (await readdir(path.join(folder, 'objects', 'blobs'), { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile(),
    ).length;

  await upload('gone.txt', 'only here');
  await upload('kept.txt', 'in two files');
  await upload('twin.txt', 'in two files');
  for (const name of ['gone.txt', 'twin.txt']) await store.files.remove(`uploads/${name}`, 'Ada', now);
  now = new Date(now.getTime() + 29 * DAY_MS);
  await forget();
  expect(await drive.restore('uploads/gone.txt', 'Ada')).toMatchObject({ kind: 'ok' });
  expect(await drive.open('uploads/gone.txt')).toMatchObject({ kind: 'ok' });
  await store.files.remove('uploads/gone.txt', 'Ada', now);

  now = new Date(now.getTime() + 31 * DAY_MS);
  expect(await blobs()).toBe(2);
  await forget();
  expect(await blobs()).toBe(1);
  for (const name of ['gone.txt', 'twin.txt'])
    expect(await drive.restore(`uploads/${name}`, 'Ada')).toMatchObject({
      failure: { code: 'undo-nothing' },
    });
  expect(await drive.open('uploads/kept.txt')).toMatchObject({ kind: 'ok' });
  const events = (await Array.fromAsync(store.audit.entries())).map(({ body }) => String(body));
  expect(events.filter((body) => body.includes('file-versions-forgotten'))).toHaveLength(1);
});
