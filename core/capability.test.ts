import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allows,
  type Capability,
  formatCapability,
  globCovers,
  isNarrowing,
  parseCapability,
} from './capability.ts';

function capability(text: string): Capability {
  const parsed = parseCapability(text);
  if (parsed.kind === 'refused') throw new Error(parsed.reason);
  return parsed.capability;
}

describe('parsing', () => {
  it.each([
    'file:drive/reports/**:list,read',
    'shell:scratch:run{timeout:30s}',
    'http:api.example.com/v1/**:get',
    'git:github.com/owner/name:read',
    'task:spawn:start{max:3}',
    'secret:GITHUB:use',
  ])('reads %s', (text) => {
    expect(formatCapability(capability(text))).toBe(text);
  });

  it.each([
    'file:**:read',
    'file:*/x:read',
    'http:*.com/**:get',
    'http:**:get',
    'http:10.0.0.1/**:get',
    'http:[::1]/x:get',
    'http:localhost/**:get',
    'http:0x7f.0.0.1/**:get',
    'http:127.1./**:get',
    'http:１２７.0.0.1/**:get',
    'http:metadata.google.internal/**:get',
    'http:nas.lan/**:get',
    'http:me@example.org/**:get',
    'http:example.org:443/**:get',
    'git:github.com/**:read',
    'git:github.com/owner/*:read',
    'git:github.com:read',
    'git:github.com:8443/owner/name:read',
    'git:http:github.com/owner/name:read',
    'git:github.com/owner/name.git:read',
    'git:10.0.0.1/owner/name:read',
    'file:drive/../x:read',
    'file:drive:read',
    'shell:**:run',
    'nonsense',
    'disk:x:read',
    'file:drive/a:read{x}',
    'file:drive//a:read',
    'file:/etc/passwd:read',
    'file:/**:read',
    'file:scratch/../../etc/passwd:read',
    'secret:*:use',
    'secret:**:use',
    'secret:GIT*:use',
    'secret:A/*:use',
    'secret:github:use',
    'secret:A,B:use',
  ])('refuses %s', (text) => {
    expect(parseCapability(text).kind).toBe('refused');
  });
});

describe('allowing', () => {
  const drive = [capability('file:drive/reports/**:list,read'), capability('file:drive/T-3/**:create')];
  it.each([
    ['drive/reports/may.csv', 'read', true],
    ['drive/reports/2026/may.csv', 'read', true],
    ['drive/reports', 'read', false],
    ['drive/report/may.csv', 'read', false],
    ['drive/reports/may.csv', 'create', false],
    ['drive/T-3/a', 'create', true],
    ['drive/T-30/a', 'create', false],
  ])('%s %s: %s', (resource, action, expected) => {
    expect(allows(drive, 'file', resource, action)).toBe(expected);
  });
});

const segment = fc.constantFrom('a', 'b', '*');
const glob = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([segments, isDeep]) => ['drive', ...segments, ...(isDeep ? ['**'] : [])].join('/'));
const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 })
  .map((segments) => ['drive', ...segments].join('/'));
const actions = fc.uniqueArray(fc.constantFrom('list', 'read', 'write'), { minLength: 1 });
const bounds = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined });
const anyCapability = fc
  .tuple(glob, actions, bounds)
  .map(([resource, named, max]) =>
    capability(`file:${resource}:${named.join(',')}${max ? `{max:${max}}` : ''}`),
  );

describe('narrowing', () => {
  it('means that whatever the child may do, the parent may do', () => {
    fc.assert(
      fc.property(
        fc.array(anyCapability, { maxLength: 4 }),
        fc.array(anyCapability, { maxLength: 4 }),
        path,
        fc.constantFrom('list', 'read', 'write'),
        (parent, child, resource, action) => {
          fc.pre(isNarrowing(parent, child));
          if (allows(child, 'file', resource, action))
            expect(allows(parent, 'file', resource, action)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('holds between a set and itself, and chains', () => {
    fc.assert(
      fc.property(
        fc.array(anyCapability),
        fc.array(anyCapability),
        fc.array(anyCapability),
        (first, second, third) => {
          expect(isNarrowing(first, first)).toBe(true);
          if (isNarrowing(first, second) && isNarrowing(second, third))
            expect(isNarrowing(first, third)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('never drops or raises a bound', () => {
    const wide = [capability('task:spawn:start{max:3}')];
    expect(isNarrowing(wide, [capability('task:spawn:start{max:2}')])).toBe(true);
    expect(isNarrowing(wide, [capability('task:spawn:start{max:10}')])).toBe(false);
    expect(isNarrowing(wide, [capability('task:spawn:start')])).toBe(false);
  });

  it('agrees with the meaning of globs', () => {
    fc.assert(
      fc.property(glob, glob, path, (wide, narrow, concrete) => {
        if (globCovers(wide, narrow) && globCovers(narrow, concrete))
          expect(globCovers(wide, concrete)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
