import { describe, expect, it } from 'vitest';
import { createPairing } from './pairing.ts';

function open() {
  let now = Date.parse('2026-11-21T09:00:00.000Z');
  let seed = 0;
  const codes: string[] = [];
  const pairing = createPairing({
    now: () => new Date(now),
    randomBytes: (count) => Uint8Array.from({ length: count }, (_, index) => index + seed++),
    onCode: (code) => void codes.push(code),
  });
  const pass = (ms: number) => {
    now += ms;
  };
  return { pairing, codes, pass };
}

const HOUR = 3_600_000;

describe('pairing', () => {
  it('takes the code, typed or behind /start, once', () => {
    const { pairing } = open();
    const { code } = pairing.current();
    expect(pairing.consider('hello', 1)).toEqual({ kind: 'ask' });
    expect(pairing.consider(`/start ${code.toLowerCase()}`, 1)).toEqual({ kind: 'paired' });
    expect(pairing.consider(code, 2)).toEqual({ kind: 'ask' });
  });

  it('counts for an hour', () => {
    const { pairing, codes, pass } = open();
    const { code } = pairing.current();
    pass(HOUR);
    expect(pairing.consider(code, 1)).toEqual({ kind: 'ask' });
    expect(pairing.current().code).not.toBe(code);
    expect(codes).toHaveLength(2);
  });

  it('lets nobody guess: five tries a person, thirty in all, then silence even for the right one', () => {
    const { pairing, pass } = open();
    const { code } = pairing.current();
    for (let person = 1; person <= 6; person += 1)
      for (let guess = 0; guess < 5; guess += 1) pairing.consider('AAAAAAAA', person);
    expect(pairing.consider(code, 1)).toEqual({ kind: 'silence' });
    expect(pairing.consider(code, 99)).toEqual({ kind: 'silence' });
    pass(HOUR);
    expect(pairing.consider(pairing.current().code, 99)).toEqual({ kind: 'paired' });
  });

  it('says what to do once in ten minutes', () => {
    const { pairing, pass } = open();
    expect(pairing.consider('hello', 1).kind).toBe('ask');
    expect(pairing.consider('hello?', 1).kind).toBe('silence');
    pass(600_000);
    expect(pairing.consider('hello??', 1).kind).toBe('ask');
  });
});
