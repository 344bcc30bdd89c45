import { expect, it } from 'vitest';
import type { OpenStore } from './store-fixture.ts';
import { later, parallel, SAMPLE_TIME } from './store-samples.ts';

/** Versions of the owner's files. */
export function filesContract(open: OpenStore): void {
  it('keeps a version for each write and shows the newest', async () => {
    const { store } = await open();
    expect(await store.files.get('a.csv')).toBeNull();
    const first = await store.files.put(content('a.csv', 'one'), SAMPLE_TIME);
    expect(first).toEqual({ ...content('a.csv', 'one'), version: 1, modifiedAt: SAMPLE_TIME.toISOString() });
    const second = await store.files.put(content('a.csv', 'two'), later(1));
    expect(second).toMatchObject({ version: 2, blob: 'blobs/two', modifiedAt: later(1).toISOString() });
    expect(await store.files.get('a.csv')).toEqual(second);
    expect(await store.files.list('', 10)).toEqual([second]);
  });

  it('lists by prefix, literally, in order of the bytes, up to the limit', async () => {
    const { store } = await open();
    const paths = ['reports/b.csv', 'reports/a.csv', 'reports_/c', 'Reports/d', 'r%/e', 'z\nline'];
    for (const path of paths) await store.files.put(content(path, 'x'), SAMPLE_TIME);
    const list = async (prefix: string, limit = 10) =>
      (await store.files.list(prefix, limit)).map(({ path }) => path);
    expect(await list('')).toEqual([...paths].sort());
    expect(await list('reports/')).toEqual(['reports/a.csv', 'reports/b.csv']);
    expect(await list('r%')).toEqual(['r%/e']);
    expect(await list('reports_')).toEqual(['reports_/c']);
    expect(await list('', 2)).toEqual(['Reports/d', 'r%/e']);
  });

  it('hides a removed file once, and goes on counting versions when it is written again', async () => {
    const { store } = await open();
    await store.files.put(content('a.csv', 'one'), SAMPLE_TIME);
    await store.files.put(content('a.csv', 'two'), SAMPLE_TIME);
    expect(await store.files.remove('a.csv', 'T-1', later(1))).toBe(true);
    expect(await store.files.remove('a.csv', 'T-1', later(2))).toBe(false);
    expect(await store.files.remove('nothing', 'T-1', later(2))).toBe(false);
    expect(await store.files.get('a.csv')).toBeNull();
    expect(await store.files.list('', 10)).toEqual([]);
    expect((await store.files.put(content('a.csv', 'three'), later(3))).version).toBe(3);
  });

  it('brings back what a removal or an overwrite took away', async () => {
    const { store } = await open();
    expect(await store.files.restore('a.csv', 'Ada', SAMPLE_TIME)).toBeNull();
    await store.files.put(content('a.csv', 'one'), SAMPLE_TIME);
    expect(await store.files.restore('a.csv', 'Ada', SAMPLE_TIME)).toBeNull();
    await store.files.remove('a.csv', 'T-1', later(1));
    const removed = await store.files.restore('a.csv', 'Ada', later(2));
    expect(removed).toEqual({
      ...content('a.csv', 'one'),
      writtenBy: 'Ada',
      version: 2,
      modifiedAt: later(2).toISOString(),
    });
    await store.files.put(content('a.csv', 'two'), later(3));
    const overwritten = await store.files.restore('a.csv', 'Ada', later(4));
    expect(overwritten).toMatchObject({ blob: 'blobs/one', version: 4 });
    expect(await store.files.get('a.csv')).toEqual(overwritten);
  });

  it('tells what one person handed over from what another of the same name did', async () => {
    const { store } = await open();
    const one = { channel: 'http', externalId: 'grace' };
    const other = { channel: 'telegram', externalId: 'grace' };
    const give = (path: string, uploader: typeof one, at: number) =>
      store.files.put({ ...content(path, 'x'), writtenBy: 'Grace', uploader }, later(at));
    const mine = await give('uploads/a.pdf', one, 1);
    await give('uploads/b.pdf', other, 1);
    await store.files.put(content('uploads/c.pdf', 'by a task'), later(1));
    expect(mine).toMatchObject({ uploader: one });
    expect(await store.files.uploadsOf(one, '', 9)).toEqual([mine]);
    expect(await store.files.uploadsOf(one, 'T-', 9)).toEqual([]);
    await store.files.put(content('uploads/a.pdf', 'overwritten'), later(2));
    expect(await store.files.uploadsOf(one, '', 9)).toEqual([]);
    await store.files.restore('uploads/a.pdf', 'owner', later(3));
    expect((await store.files.uploadsOf(one, '', 9)).map(({ path }) => path)).toEqual(['uploads/a.pdf']);
    await store.files.remove('uploads/a.pdf', 'owner', later(4));
    expect(await store.files.uploadsOf(one, '', 9)).toEqual([]);
  });

  it('forgets what was overwritten or removed too long ago, and says which blobs nothing refers to', async () => {
    const { store } = await open();
    for (const [name, at] of [
      ['one', 0],
      ['two', 10],
      ['three', 30],
    ] as const)
      await store.files.put(content('a.csv', name), later(at));
    await store.files.put(content('copy.csv', 'one'), SAMPLE_TIME);
    await store.files.put(content('gone.csv', 'four'), SAMPLE_TIME);
    await store.files.remove('gone.csv', 'T-1', later(15));
    const forget = (at: number) => store.transaction((records) => records.files.forget(later(at)));
    expect(await forget(5)).toEqual({ versions: 0, unused: [] });
    expect(await forget(12)).toEqual({ versions: 1, unused: [] });
    expect(await forget(20)).toEqual({ versions: 1, unused: ['blobs/four'] });
    expect(await store.files.restore('gone.csv', 'Ada', later(40))).toBeNull();
    expect((await store.files.restore('a.csv', 'Ada', later(40)))?.blob).toBe('blobs/two');
    expect((await store.files.put(content('gone.csv', 'five'), later(40))).version).toBe(2);
    expect(await forget(41)).toEqual({ versions: 2, unused: ['blobs/three'] });
    const left = (await store.files.list('', 10)).map(({ path, blob }) => [path, blob]);
    expect(left).toEqual([
      ['a.csv', 'blobs/two'],
      ['copy.csv', 'blobs/one'],
      ['gone.csv', 'blobs/five'],
    ]);
    expect(await store.files.restore('a.csv', 'Ada', later(50))).toBeNull();
  });

  it('numbers 20 parallel writes of one file without a gap', async () => {
    const { store } = await open();
    const files = await parallel(20, (index) =>
      store.transaction((records) => records.files.put(content('a.csv', `${index}`), SAMPLE_TIME)),
    );
    const versions = files.map(({ version }) => version).sort((left, right) => left - right);
    expect(versions).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('lets one of 20 parallel removals find the file', async () => {
    const { store } = await open();
    await store.files.put(content('a.csv', 'one'), SAMPLE_TIME);
    const found = await parallel(20, () => store.files.remove('a.csv', 'T-1', SAMPLE_TIME));
    expect(found.filter(Boolean)).toHaveLength(1);
  });

  it('counts bytes beyond what 32 bits hold', async () => {
    const { store } = await open();
    await store.files.put({ ...content('big', 'x'), bytes: 5_000_000_000 }, SAMPLE_TIME);
    expect((await store.files.get('big'))?.bytes).toBe(5_000_000_000);
  });
}

function content(path: string, name: string) {
  return { path, blob: `blobs/${name}`, sha256: `hash of ${name}`, bytes: 3, writtenBy: 'T-1' };
}
