import { expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import type { Estate } from './testing/house.ts';
import type { ScriptedExecutor } from './testing/scripted-executor.ts';
import { delegating } from './testing/tasks.ts';

/** What a worker can do to the owner's files when it does not keep to what was declared. */
let estate: Estate;
estateForEach('file-permits', (fresh) => {
  estate = fresh;
});

const CONTENT = 'the content';
const PERMIT_LIFETIME_MS = 10 * 60 * 1000;

/** Runs a task whose executor does this, and returns what it saw. */
async function seenBy<T>(work: (executor: ScriptedExecutor) => Promise<T>): Promise<T> {
  const seen = Promise.withResolvers<T>();
  const house = await estate.open({
    model: delegating(),
    work: async (executor) => {
      seen.resolve(await work(executor));
      await executor.finish();
    },
  });
  await house.say('start it');
  return seen.promise;
}

it('a permit that is used late, for other content, for another call or twice stores nothing more', async () => {
  const seen = await seenBy(async (executor) => {
    const permitOf = async (callId: string) =>
      String((await executor.declarePut(callId, `T-1/${callId}.txt`, CONTENT)).body['permit']);
    const [late, other, twice] = [await permitOf('s1.1'), await permitOf('s1.2'), await permitOf('s1.3')];
    const kinds = [
      (await executor.put('s1.2', other, 'something else')).body.kind,
      (await executor.put('s1.9', twice, CONTENT)).body.kind,
      (await executor.put('s1.3', twice, CONTENT)).body.kind,
      (await executor.put('s1.3', twice, CONTENT)).body.kind,
    ];
    estate.clock.jump(PERMIT_LIFETIME_MS);
    return [...kinds, (await executor.put('s1.1', late, CONTENT)).text];
  });
  expect(seen.slice(0, 3)).toEqual(['refused', 'refused', 'done']);
  expect(seen[3]).toBe('refused');
  // The clock's jump also ends the lease, which the dispatcher may notice first.
  expect(seen[4]).toMatch(/The permit has expired|gone on without this attempt|another attempt/);
  expect((await estate.store.files.list('', 10)).map(({ path }) => path)).toEqual(['T-1/s1.3.txt']);
});

it.each([
  '../keys/api-token',
  'T-1/../../keys/api-token',
  'T-1//a',
  'T-1/./a',
  '/etc/passwd',
  '..',
  'T-1\\..\\a',
])('no trick of names stores or deletes outside of its folder: %j', async (path) => {
  const kinds = await seenBy(async (executor) => [
    (await executor.declarePut('s1.1', path, CONTENT)).body.kind,
    (await executor.declare('s1.2', 'files.delete', { path })).body.kind,
    (await executor.call('GET', `/files/content?path=${encodeURIComponent(path)}`)).status,
  ]);
  expect(kinds).toEqual([expect.stringMatching(/^(deny|ask)$/), 'deny', 404]);
  expect(await estate.store.files.list('', 10)).toEqual([]);
  expect(await estate.objectKeys('blobs')).toEqual([]);
});
