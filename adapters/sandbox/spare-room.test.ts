import type { SandboxLimits } from '@reeve/core';
import { expect, it } from 'vitest';
import type { Room } from './rooms.ts';
import { createSpareRoom } from './spare-room.ts';

const limits: SandboxLimits = { memoryBytes: 1, scratchBytes: 2, processes: 3, cpuPercent: 4 };
const place = { ids: undefined, joinFiles: [], controllers: [] };

function house(failing: readonly number[] = []) {
  const opened: SandboxLimits[] = [];
  const disposed: string[] = [];
  const spare = createSpareRoom(async (wanted) => {
    const number = opened.push(wanted);
    if (failing.includes(number)) throw new Error('the disk is full');
    const name = `room-${number}`;
    const room: Room = {
      name,
      directories: { pair: '/pair', scratch: '/scratch' },
      loop: place,
      sandbox: place,
      async [Symbol.asyncDispose]() {
        disposed.push(name);
      },
    };
    return room;
  });
  return { spare, opened, disposed };
}

it('gives the room that was made ahead, once', async () => {
  const { spare, opened } = house();
  spare.prepare(limits);
  spare.prepare(limits);
  expect(opened).toHaveLength(1);
  expect((await spare.take({ ...limits })).name).toBe('room-1');
  expect((await spare.take(limits)).name).toBe('room-2');
});

it('makes another for other limits, and leaves none behind', async () => {
  const { spare, disposed } = house();
  spare.prepare(limits);
  expect((await spare.take({ ...limits, processes: 5 })).name).toBe('room-2');
  expect(disposed).toEqual(['room-1']);
  spare.prepare(limits);
  await spare.close();
  expect(disposed).toEqual(['room-1', 'room-3']);
});

it('tries again when no room could be made ahead, and says what stands in the way then', async () => {
  const { spare } = house([1, 3]);
  spare.prepare(limits);
  expect((await spare.take(limits)).name).toBe('room-2');
  await expect(spare.take(limits)).rejects.toThrow('the disk is full');
});
