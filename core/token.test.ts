import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNarrowing } from './capability.ts';
import { capabilitiesOf, narrowClaims, signToken, type TaskClaims, verifyToken } from './token.ts';

const KEY = randomBytes(32);
const NOW = new Date('2026-11-20T10:00:00Z');
const SOON = NOW.getTime() / 1000 + 60;
const claims: TaskClaims = {
  role: 'task',
  task: 'T-3',
  attempt: 2,
  capabilities: ['file:drive/**:list,read', 'task:spawn:start{max:3}'],
  expires: SOON,
};

describe('a token', () => {
  it('says what was signed, until it expires', () => {
    const token = signToken(claims, KEY);
    expect(verifyToken(token, KEY, NOW)).toEqual({ kind: 'valid', claims });
    expect(verifyToken(token, KEY, new Date(SOON * 1000))).toEqual({ kind: 'invalid', reason: 'expired' });
    expect(verifyToken(token, randomBytes(32), NOW)).toEqual({ kind: 'invalid', reason: 'forged' });
  });

  it('is void when any character of it changes', () => {
    const token = signToken(claims, KEY);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: token.length - 1 }),
        fc.constantFrom('A', 'b', '9', '.', '_'),
        (index, character) => {
          fc.pre(token[index] !== character);
          const changed = token.slice(0, index) + character + token.slice(index + 1);
          const check = verifyToken(changed, KEY, NOW);
          // The last base64url character carries unused bits, so it can change without changing the signature's bytes.
          expect(check.kind === 'invalid' || index === token.length - 1).toBe(true);
        },
      ),
    );
  });

  it.each(['', 'rv1', 'rv1..', 'rv2.a.b', 'a.b.c.d', 'rv1.e30.x'])('%j is refused', (token) => {
    expect(verifyToken(token, KEY, NOW).kind).toBe('invalid');
  });

  it('narrows and never widens', () => {
    const anyWanted = fc.subarray([
      'file:drive/**:read',
      'file:drive/a/**:list',
      'file:drive/a/**:write',
      'task:spawn:start{max:2}',
      'task:spawn:start{max:9}',
      'shell:scratch:run',
    ]);
    fc.assert(
      fc.property(anyWanted, fc.integer({ min: 1, max: 2 * SOON }), (wanted, expires) => {
        const child = narrowClaims(claims, wanted, expires);
        if (!child) return;
        expect(isNarrowing(capabilitiesOf(claims), capabilitiesOf(child))).toBe(true);
        expect(child.expires).toBeLessThanOrEqual(claims.expires);
      }),
    );
  });
});
