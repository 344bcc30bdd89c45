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
  const redeemed = sessions.redeem(sessions.newLink().token);
  if (redeemed.kind !== 'signed-in') throw new Error(redeemed.kind);
  return redeemed.session;
}

test('a link signs in once, within a day, and only where it was made', () => {
  const { sessions, later } = open();
  const { token } = sessions.newLink();
  expect(open().sessions.redeem(token)).toEqual({ kind: 'expired' });
  expect(sessions.redeem(token).kind).toBe('signed-in');
  expect(sessions.redeem(token)).toEqual({ kind: 'used' });
  const old = sessions.newLink().token;
  later(24);
  expect(sessions.redeem(old)).toEqual({ kind: 'expired' });
});

test('a session outlives the process, lapses after thirty days, and cannot be changed', () => {
  const { sessions, later } = open();
  const session = signIn(sessions);
  expect(open().sessions.isValid(session)).toBe(true);
  expect(open(new Uint8Array(32).fill(2)).sessions.isValid(session)).toBe(false);
  const [expiry = '', random, signature] = session.split('.');
  for (const forged of [
    '',
    '.',
    'x',
    `${Number(expiry) + 9}.${random}.${signature}`,
    `${session}0`,
    `.${session}`,
  ])
    expect(sessions.isValid(forged)).toBe(false);
  later(30 * 24);
  expect(sessions.isValid(session)).toBe(false);
});
