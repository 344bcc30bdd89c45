import { expect, it } from 'vitest';
import { createBlobGate } from './blob-gate.ts';

const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

it('sweeps when nobody refers, and lets nobody refer meanwhile', async () => {
  const gate = createBlobGate();
  const [storing, deleting] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const seen: string[] = [];
  const first = gate.referring(async () => {
    seen.push('first begins');
    await storing.promise;
    seen.push('first ends');
  });
  const sweep = gate.sweeping(async () => {
    seen.push('sweep begins');
    await deleting.promise;
    seen.push('sweep ends');
  });
  const second = gate.referring(async () => void seen.push('second'));
  await soon();
  expect(seen).toEqual(['first begins']);
  storing.resolve();
  await soon();
  expect(seen).toEqual(['first begins', 'first ends', 'sweep begins']);
  deleting.resolve();
  await Promise.all([first, sweep, second]);
  expect(seen.slice(3)).toEqual(['sweep ends', 'second']);
});

it('opens again after work that failed', async () => {
  const gate = createBlobGate();
  const fails = async () => Promise.reject(new Error('the disk is full'));
  await expect(gate.referring(fails)).rejects.toThrow('full');
  await expect(gate.sweeping(fails)).rejects.toThrow('full');
  expect(await gate.referring(async () => 'stored')).toBe('stored');
});
