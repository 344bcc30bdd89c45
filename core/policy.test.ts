import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EffectCall, Grant } from './approval.ts';
import type { Origin } from './origin.ts';
import { judge, PERSONA_FILES, type PolicyContext, parseDrivePath } from './policy.ts';
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
    seen: { untrusted: false, private: false },
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
  it('lends standing yeses to what the owner asked for alone; one for a task counts for that task, whoever asked', () => {
    const put = call('files.put', 'reports/may.csv');
    const forTask = { ...grant, task: 'T-3' } as const;
    const asked = (origin: Origin, held: Grant) => judge(put, context({ origin, grants: [held] })).kind;
    expect(asked({ kind: 'owner', person: 'owner' }, grant)).toBe('allow');
    expect(asked({ kind: 'member', person: 'Bob' }, grant)).toBe('ask');
    expect(asked({ kind: 'agent' }, grant)).toBe('ask');
    expect(asked({ kind: 'member', person: 'Bob' }, forTask)).toBe('allow');
    expect(asked({ kind: 'untrusted', source: 'a mail' }, forTask)).toBe('ask');
    expect(asked({ kind: 'owner', person: 'owner' }, { ...grant, task: 'T-4' })).toBe('ask');
  });

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

  it('asks every time before the owner’s words about the agent change, whatever was granted', () => {
    const wide = { ...grant, resource: 'drive/**', task: 'T-3' } as const;
    for (const name of PERSONA_FILES)
      for (const fileExists of [true, false])
        expect(judge(call('files.put', name), context({ grants: [wide], fileExists }))).toEqual({
          kind: 'ask',
          tier: 'destructive',
        });
    expect(judge(call('files.put', 'notes/SOUL.md'), context({ grants: [wide] }))).toMatchObject({
      kind: 'allow',
    });
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

  it('says of a schedule’s run that it changes no files, and what to do instead', () => {
    const reads = {
      capabilities: parseAll(['file:drive/**:list,read']),
      origin: { kind: 'schedule', schedule: 'S-1' } as const,
      fileExists: true,
    };
    for (const [tool, deed] of [
      ['files.put', 'change'],
      ['files.delete', 'delete'],
    ] as const)
      expect(judge(call(tool, 'notes.txt'), context(reads))).toEqual({
        kind: 'deny',
        reason: `what a schedule starts may not ${deed} the owner’s files; the owner can ask for it in the chat, where a card confirms it`,
      });
  });

  it('asks each time before something starts by itself, and lets no schedule make another', () => {
    const asked = { ...call('schedule.create', ''), arguments: { goal: 'count' } };
    const grants = [{ ...grant, tool: 'schedule.create', resource: '' }];
    expect(judge(asked, context({ grants }))).toEqual({ kind: 'ask', tier: 'change' });
    const origin = { kind: 'schedule', schedule: 'S-1' } as const;
    expect(judge(asked, context({ origin })).kind).toBe('deny');
  });

  it('treats what it does not know as destructive', () => {
    fc.assert(
      fc.property(fc.string(), (tool) => {
        fc.pre(!tool.startsWith('files.') && tool !== 'http.fetch' && tool !== 'network.open');
        expect(judge(call(tool, 'x'), context({ grants: [{ ...grant, tool }] }))).toEqual({
          kind: 'ask',
          tier: 'destructive',
        });
      }),
    );
  });
});

function fetching(url: string, patch: EffectCall['arguments'] = {}): EffectCall {
  return {
    task: 'T-3',
    callId: 's2.1',
    tool: 'http.fetch',
    arguments: { method: 'GET', url, headers: {}, body: null, secrets: [], ...patch },
  };
}

describe('requests', () => {
  const named = context({ capabilities: parseAll(['http:example.org/**:get']) });

  it('reads from hosts that the task names', () => {
    expect(judge(fetching('https://example.org/a?b=c'), named)).toMatchObject({
      kind: 'allow',
      tier: 'read',
    });
    expect(judge(fetching('https://example.org'), named)).toMatchObject({ kind: 'allow' });
    expect(judge(fetching('https://EXAMPLE.org/'), named)).toMatchObject({ kind: 'allow' });
  });

  it('asks once for other hosts, and a grant then covers the host', () => {
    const other = fetching('https://other.example.net/a');
    expect(judge(other, named)).toEqual({ kind: 'ask', tier: 'change' });
    const hostGrant = { ...grant, tool: 'http.fetch', resource: 'other.example.net/**' };
    expect(judge(other, { ...named, grants: [hostGrant] })).toMatchObject({ kind: 'allow' });
    expect(judge(fetching('https://example.org.evil.net/'), named)).toMatchObject({ kind: 'ask' });
    expect(judge(fetching('https://example.org@evil.net/'), named)).toMatchObject({ kind: 'ask' });
  });

  it.each([
    { method: 'POST' },
    { method: 'DELETE' },
    { method: 'GET', body: 'x' },
    { method: 'GET', secrets: ['GITHUB'] },
    { method: 'GET', body: '' },
    { method: 'GET', headers: { 'X-HTTP-Method-Override': 'DELETE' } },
    { method: 'HEAD', headers: { 'x-method-override': 'POST' } },
    { method: 'GET', headers: { accept: '*/*', 'X-Http-Method': 'PUT' } },
    { method: 'GET', headers: { X_HTTP_METHOD_OVERRIDE: 'DELETE' } },
  ])('asks every time for %j', (patch) => {
    const grants = [{ ...grant, tool: 'http.fetch', resource: 'example.org/**' }];
    expect(judge(fetching('https://example.org/'), { ...named, grants })).toMatchObject({ kind: 'allow' });
    expect(judge(fetching('https://example.org/', patch), { ...named, grants })).toEqual({
      kind: 'ask',
      tier: 'destructive',
    });
  });

  it('reads with the headers of reading', () => {
    const headers = { accept: 'text/html', 'If-None-Match': 'method', range: 'bytes=0-9' };
    expect(judge(fetching('https://example.org/', { headers }), named)).toMatchObject({ kind: 'allow' });
  });

  it('always asks once the task has seen untrusted text and private data', () => {
    const both = { ...named, seen: { untrusted: true, private: true } };
    expect(judge(fetching('https://example.org/'), both)).toEqual({ kind: 'ask', tier: 'destructive' });
    const one = { ...named, seen: { untrusted: true, private: false } };
    expect(judge(fetching('https://example.org/'), one)).toMatchObject({ kind: 'allow' });
  });

  it('opens a host to commands only after a yes', () => {
    const open: EffectCall = {
      task: 'T-3',
      callId: 's2.1',
      tool: 'network.open',
      arguments: { host: 'pypi.org', port: 443 },
    };
    expect(judge(open, context())).toEqual({ kind: 'ask', tier: 'change' });
    const grants = [{ ...grant, tool: 'network.open', resource: 'pypi.org:443' }];
    expect(judge(open, context({ grants }))).toMatchObject({ kind: 'allow' });
    expect(judge(open, context({ grants, seen: { untrusted: true, private: true } }))).toEqual({
      kind: 'ask',
      tier: 'destructive',
    });
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

describe('a web search', () => {
  const search = (query: unknown): EffectCall => ({
    task: 'T-3',
    callId: 's2.1',
    tool: 'web.search',
    arguments: { query: query as string, count: 5 },
  });

  it('reads, until the task has seen both text from outside and what is private', () => {
    expect(judge(search('tides'), context())).toMatchObject({ kind: 'allow', tier: 'read' });
    for (const seen of [
      { untrusted: true, private: false },
      { untrusted: false, private: true },
    ])
      expect(judge(search('tides'), context({ seen }))).toMatchObject({ kind: 'allow' });
    expect(judge(search('tides'), context({ seen: { untrusted: true, private: true } }))).toEqual({
      kind: 'ask',
      tier: 'destructive',
    });
  });

  it('for what are no words asks', () => {
    expect(judge(search(7), context())).toEqual({ kind: 'ask', tier: 'destructive' });
  });
});

describe('Git', () => {
  const git = (tool: string, repository: string): EffectCall => ({
    task: 'T-3',
    callId: 's2.1',
    tool,
    arguments: { repository },
  });
  const named = parseAll(['http:github.com/**:get', 'git:github.com/owner/name:read']);

  it('opens a repository by itself only where the task names that very one, and never after both kinds were seen', () => {
    const open = git('git.open', 'github.com/owner/name');
    expect(judge(open, context())).toEqual({ kind: 'ask', tier: 'change' });
    expect(judge(open, context({ capabilities: named }))).toMatchObject({ kind: 'allow', tier: 'read' });
    const both = { untrusted: true, private: true };
    expect(judge(open, context({ capabilities: named, seen: both }))).toEqual({
      kind: 'ask',
      tier: 'destructive',
    });
    const grants = [{ ...grant, tool: 'git.open', resource: 'github.com/owner/name' }];
    expect(judge(open, context({ grants }))).toMatchObject({ kind: 'allow' });
    expect(judge(git('git.open', 'github.com/owner/other'), context({ grants }))).toMatchObject({
      kind: 'ask',
    });
    for (const other of [
      'github.com/owner/other',
      'github.com/owner/name/wiki',
      'github.com:8443/owner/name',
      'http:github.com/owner/name',
      'nonsense',
    ])
      expect(judge(git('git.open', other), context({ capabilities: named })).kind, other).toBe('ask');
  });

  it('pushes never without a question, whatever was granted', () => {
    const grants = [{ ...grant, tool: 'git.push', resource: 'github.com/**' }];
    const push = git('git.push', 'github.com/owner/name');
    expect(judge(push, context({ grants, capabilities: named }))).toEqual({
      kind: 'ask',
      tier: 'destructive',
    });
  });
});
