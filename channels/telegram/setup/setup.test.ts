import type { Message } from '@grammyjs/types';
import { expect, it } from 'vitest';
import { createSignedData } from '../signed-data.ts';
import { createPairing } from './pairing.ts';
import { createSetup, type SetupNote } from './setup.ts';

const ANN = { externalId: '7', name: 'Ann' };
const BEN = { externalId: '8', name: 'Ben' };

function open(change: Partial<SetupNote> = {}, roles: Record<string, 'owner' | 'member'> = {}) {
  let note: SetupNote = {
    bot: 'reeve_bot',
    isPrivacyOn: false,
    webhook: null,
    pairing: null,
    finishedAt: null,
    trouble: null,
    ...change,
  };
  const now = () => new Date('2026-11-21T09:00:00.000Z');
  const failures: Error[] = [];
  const pairing = createPairing({
    now,
    randomBytes: (count) => new Uint8Array(count),
    onCode: () => undefined,
  });
  const setup = createSetup({
    people: {
      roleOf: ({ externalId }) => roles[externalId] ?? 'stranger',
      list: () => Object.entries(roles).map(([externalId, role]) => ({ externalId, role })),
      async addOwner({ externalId }) {
        const failure = failures.shift();
        if (failure) throw failure;
        roles[externalId] = 'owner';
      },
      heard: async () => undefined,
    },
    pairing,
    signed: createSignedData(new Uint8Array(32), () => 'reeve_bot'),
    readNote: () => note,
    note: (changed) => {
      note = { ...note, ...changed };
    },
    now,
    send: async () => undefined,
    replace: async () => undefined,
    onOwner: () => undefined,
  });
  const wrote = (text: string) => ({ text, chat: { id: 7, type: 'private' } }) as Message;
  return { setup, pairing, failures, wrote, note: () => note };
}

it('takes the code again when its writer could not be made the owner', async () => {
  const { setup, pairing, failures, wrote } = open();
  const { code } = pairing.current();
  failures.push(new Error('the database is away'));
  await expect(setup.meet(ANN, wrote(code))).rejects.toThrow('the database is away');
  expect(await setup.meet(ANN, wrote(code))).toBe(true);
  expect(await setup.meet(BEN, wrote(code))).toBe(false);
});

it('is finished by an owner’s tap only', async () => {
  const { setup, wrote, note } = open({}, { 7: 'owner', 8: 'member' });
  await setup.finish(BEN, wrote(''));
  expect(note().finishedAt).toBeNull();
  await setup.finish(ANN, wrote(''));
  expect(note().finishedAt).not.toBeNull();
});

it('starts anew with another bot, and goes on with the same', () => {
  const { setup, note } = open({ finishedAt: '2026-11-20T09:00:00.000Z' }, { 7: 'owner' });
  setup.identify('reeve_bot', true);
  expect(note()).toMatchObject({ finishedAt: '2026-11-20T09:00:00.000Z', isPrivacyOn: true });
  setup.identify('other_bot', true);
  expect(note()).toMatchObject({ bot: 'other_bot', finishedAt: null });
});

it('shows no code any more once there is an owner, however they came', () => {
  const pairing = { code: 'ABCD1234', expiresAt: '2026-11-20T09:00:00.000Z' };
  const { setup, note } = open({ pairing }, { 7: 'owner' });
  setup.refresh();
  expect(note().pairing).toBeNull();
});
