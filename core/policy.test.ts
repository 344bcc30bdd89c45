import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EffectCall, Grant } from './approval.ts';
import { judge, type PolicyContext, parseDrivePath } from './policy.ts';
import { parseAll } from './token.ts';

const NOW = new Date('2026-11-20T10:00:00Z');
const owner = ['file:drive/T-3/**:create', 'file:drive/**:delete,list,read,write'];

function call(tool: string, path: string): EffectCall {
  return { task: 'T-3', callId: 's2.1', tool, arguments: { path } };
}

function context(patch: Partial<PolicyContext> = {}): PolicyContext {
  return {
    capabilities: parseAll(owner),
    origin: { kind: 'owner', person: 'owner' },
    grants: [],
    now: NOW,
    fileExists: false,
    ...patch,
  };
}

const grant: Grant = {
  id: 'g',
  tool: 'files.put',
  resource: 'drive/reports/**',
  task: null,
  grantedBy: 'owner',
  approval: 'A7K3',
  expiresAt: new Date('2026-12-20T10:00:00Z'),
};

describe('policy', () => {
  it('lets a task create files in its own folder', () => {
    expect(judge(call('files.put', 'T-3/primes.csv'), context())).toMatchObject({
      kind: 'allow',
      tier: 'change',
    });
  });

  it('asks before a file elsewhere, and before overwriting', () => {
    expect(judge(call('files.put', 'reports/may.csv'), context())).toEqual({ kind: 'ask', tier: 'change' });
    expect(judge(call('files.put', 'T-3/primes.csv'), context({ fileExists: true }))).toEqual({
      kind: 'ask',
      tier: 'change',
    });
    expect(judge(call('files.put', 'T-30/primes.csv'), context())).toEqual({ kind: 'ask', tier: 'change' });
  });

  it('lets a grant cover a change, for the owner and until it lapses', () => {
    const put = call('files.put', 'reports/may.csv');
    expect(judge(put, context({ grants: [grant] }))).toMatchObject({ kind: 'allow' });
    expect(judge(put, context({ grants: [{ ...grant, expiresAt: NOW }] }))).toMatchObject({ kind: 'ask' });
    expect(judge(put, context({ grants: [{ ...grant, task: 'T-4' }] }))).toMatchObject({ kind: 'ask' });
    expect(
      judge(put, context({ grants: [grant], origin: { kind: 'untrusted', source: 'a mail' } })),
    ).toMatchObject({ kind: 'ask' });
    expect(
      judge(put, context({ grants: [grant], origin: { kind: 'schedule', schedule: 'weekly' } })),
    ).toMatchObject({ kind: 'ask' });
  });

  it('asks every time before deleting, whatever grants there are', () => {
    const grants = [{ ...grant, tool: 'files.delete', resource: 'drive/**' }];
    expect(judge(call('files.delete', 'reports/may.csv'), context({ fileExists: true, grants }))).toEqual({
      kind: 'ask',
      tier: 'destructive',
    });
  });

  it('denies what the capabilities do not cover', () => {
    const narrow = context({ capabilities: parseAll(['file:drive/T-3/**:create']), fileExists: true });
    expect(judge(call('files.delete', 'reports/may.csv'), narrow).kind).toBe('deny');
    expect(judge(call('files.get', 'reports/may.csv'), narrow).kind).toBe('deny');
    expect(judge(call('files.list', ''), narrow).kind).toBe('deny');
  });

  it('treats what it does not know as destructive', () => {
    fc.assert(
      fc.property(fc.string(), (tool) => {
        fc.pre(!tool.startsWith('files.'));
        expect(judge(call(tool, 'x'), context({ grants: [{ ...grant, tool }] }))).toEqual({
          kind: 'ask',
          tier: 'destructive',
        });
      }),
    );
  });
});

describe('drive paths', () => {
  it.each([
    ['reports/may.csv', 'reports/may.csv'],
    ['/may.csv', 'may.csv'],
    ['./may.csv', 'may.csv'],
    ['a\nb', 'a\nb'],
  ])('%j is %j', (text, path) => {
    expect(parseDrivePath(text)).toEqual({ kind: 'path', path });
  });

  it.each(['', '/', '..', 'a/../b', 'a//b', 'a/./b', '../a', 'a\0b', '\ud800', 'x'.repeat(1025)])(
    '%j is refused',
    (text) => {
      expect(parseDrivePath(text).kind).toBe('refused');
    },
  );

  it('never yields a path that leaves the drive', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('..', '.', '', 'a', '/', 'b c')).map((parts) => parts.join('/')),
        (text) => {
          const parsed = parseDrivePath(text);
          if (parsed.kind === 'path') expect(parsed.path.split('/')).not.toContain('..');
        },
      ),
    );
  });
});
