import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { DatabaseUnavailableError, retrySerialization, toDatabaseError } from './database-error.ts';

function refused(code: string): pg.DatabaseError {
  const error = new pg.DatabaseError('refused', 0, 'error');
  error.code = code;
  return error;
}

describe('toDatabaseError', () => {
  it.each([
    ['ECONNREFUSED', 'connection'],
    ['57P01', 'connection'],
    ['08006', 'connection'],
    ['57014', 'deadline'],
    ['53100', 'disk-full'],
  ])('calls %s a database that is away: %s', (code, reason) => {
    expect(toDatabaseError(refused(code), 'not-done')).toMatchObject({
      name: 'DatabaseUnavailableError',
      reason,
    });
  });

  it('leaves a refused statement as it is', () => {
    const error = refused('23505');
    expect(toDatabaseError(error, 'unknown')).toBe(error);
  });

  it('says what the caller knows about the outcome', () => {
    const lost = new DatabaseUnavailableError('connection', 'unknown', 'gone');
    expect(toDatabaseError(lost, 'not-done')).toMatchObject({ outcome: 'not-done', message: lost.message });
  });
});

describe('retrySerialization', () => {
  it('repeats work that could not be serialized, and then gives its result', async () => {
    let runs = 0;
    const work = async (): Promise<number> => {
      runs += 1;
      if (runs < 3) throw refused('40001');
      return runs;
    };
    expect(await retrySerialization(work, 3)).toBe(3);
  });

  it('gives up after the last attempt', async () => {
    let runs = 0;
    const work = async (): Promise<never> => {
      runs += 1;
      throw refused('40P01');
    };
    await expect(retrySerialization(work, 2)).rejects.toMatchObject({ code: '40P01' });
    expect(runs).toBe(2);
  });

  it('does not repeat what failed for another reason', async () => {
    let runs = 0;
    const work = async (): Promise<never> => {
      runs += 1;
      throw refused('23505');
    };
    await expect(retrySerialization(work, 5)).rejects.toMatchObject({ code: '23505' });
    expect(runs).toBe(1);
  });
});
