import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createWebSessions } from './web-sessions.ts';

function open(key = new Uint8Array(32).fill(1)) {
  let now = Date.parse('2026-11-21T12:00:00Z');
  const clock = { now: () => new Date(now), sleep: async () => undefined };
  const sessions = createWebSessions({ key, clock, randomBytes: (count) => randomBytes(count) });
  const later = (hours: number) => {
    now += hours * 3_600_000;
  };
  return { sessions, later };
}

function signIn(sessions: ReturnType<typeof open>['sessions']): string {
  const redeemed = sessions.redeem(sessions.newLink('7:ä').token);
  if (redeemed.kind !== 'signed-in') throw new Error(redeemed.kind);
  return redeemed.session;
}

test('a link signs in once, within a day, and only where it was made', () => {
  const { sessions, later } = open();
  const { token } = sessions.newLink('7:ä');
  expect(open().sessions.redeem(token)).toEqual({ kind: 'expired' });
  expect(sessions.redeem(token).kind).toBe('signed-in');
  expect(sessions.redeem(token)).toEqual({ kind: 'used' });
  const old = sessions.newLink('7:ä').token;
  later(24);
  expect(sessions.redeem(old)).toEqual({ kind: 'expired' });
});

test('a session outlives the process, lapses after thirty days, and cannot be changed', () => {
  const { sessions, later } = open();
  const session = signIn(sessions);
  expect(open().sessions.personOf(session)).toBe('7:ä');
  expect(open(new Uint8Array(32).fill(2)).sessions.personOf(session)).toBeNull();
  const [expiry = '', random, person, signature] = session.split('.');
  const owner = Buffer.from('owner').toString('base64url');
  for (const forged of [
    '',
    '.',
    'x',
    `${Number(expiry) + 9}.${random}.${person}.${signature}`,
    `${expiry}.${random}.${owner}.${signature}`,
    `${session}0`,
    `.${session}`,
  ])
    expect(sessions.personOf(forged)).toBeNull();
  later(30 * 24);
  expect(sessions.personOf(session)).toBeNull();
});
