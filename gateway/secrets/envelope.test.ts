import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSecret, rewrapSecret, sealSecret } from './envelope.ts';

const KEY = { version: 1, key: randomBytes(32) };
const SECRET = {
  name: 'GITHUB',
  version: 3,
  hosts: ['api.github.com'],
  value: 'ghp_0123456789',
  createdAt: new Date('2026-11-21T09:00:00.000Z'),
};

describe('an envelope', () => {
  it('opens with the key that it was sealed with, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (value) => {
        const sealed = sealSecret({ ...SECRET, value }, KEY, randomBytes);
        expect(openSecret(sealed, KEY.key)).toBe(value);
      }),
    );
  });

  it('is another one each time, under a data key of its own', () => {
    const [one, other] = [sealSecret(SECRET, KEY, randomBytes), sealSecret(SECRET, KEY, randomBytes)];
    expect(one.sealedValue).not.toBe(other.sealedValue);
    expect(openSecret({ ...one, wrappedKey: other.wrappedKey }, KEY.key)).toBeNull();
  });

  it.each([
    ['another name', { name: 'GITLAB' }],
    ['another version', { version: 4 }],
    ['more hosts', { hosts: ['api.github.com', 'evil.example'] }],
    ['another key version', { keyVersion: 2 }],
    ['nothing in it', { sealedValue: '' }],
    ['no key', { wrappedKey: '' }],
  ])('does not open with %s', (_what, change) => {
    expect(openSecret({ ...sealSecret(SECRET, KEY, randomBytes), ...change }, KEY.key)).toBeNull();
  });

  it('does not open with any bit of it changed', () => {
    const sealed = sealSecret(SECRET, KEY, randomBytes);
    for (const part of ['wrappedKey', 'sealedValue'] as const) {
      const bytes = Buffer.from(sealed[part], 'base64');
      fc.assert(
        fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
          const changed = Buffer.from(bytes);
          changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
          expect(openSecret({ ...sealed, [part]: changed.toString('base64') }, KEY.key)).toBeNull();
        }),
      );
    }
  });

  it('does not open with another key', () => {
    expect(openSecret(sealSecret(SECRET, KEY, randomBytes), randomBytes(32))).toBeNull();
  });

  it('rewrapped, opens with the new key only, and its value is the same bytes', () => {
    const sealed = sealSecret(SECRET, KEY, randomBytes);
    const next = { version: 2, key: randomBytes(32) };
    const moved = rewrapSecret(sealed, KEY.key, next, randomBytes);
    expect(moved).toMatchObject({ keyVersion: 2, sealedValue: sealed.sealedValue });
    expect(moved && openSecret(moved, next.key)).toBe(SECRET.value);
    expect(moved && openSecret(moved, KEY.key)).toBeNull();
    expect(rewrapSecret(sealed, next.key, KEY, randomBytes)).toBeNull();
  });
});
