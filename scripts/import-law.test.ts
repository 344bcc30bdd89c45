import { expect, test } from 'vitest';
import { judgeFindings } from './import-law.ts';

const law = { forbidden: [{ name: 'core-is-alone', comment: 'Core is shared.', from: {}, to: {} }] };

test('a cruise that saw no modules is a failure, even without violations', () => {
  expect(judgeFindings({ seen: [], violations: [] }, [], law)).toEqual([
    'The import checker saw no modules, so it proves nothing.',
  ]);
});

test('a file that the cruise did not see is named', () => {
  expect(judgeFindings({ seen: ['core/a.ts'], violations: [] }, ['core/a.ts', 'core/b.ts'], law)).toEqual([
    'The import checker did not see 1 of 2 files: core/b.ts',
  ]);
});

test('a violation names the rule, the import and the reason', () => {
  const violations = [{ rule: 'core-is-alone', from: 'core/a.ts', to: 'adapters/clock/index.ts', cycle: [] }];
  expect(judgeFindings({ seen: ['core/a.ts'], violations }, ['core/a.ts'], law)).toEqual([
    'core-is-alone: core/a.ts -> adapters/clock/index.ts\n    Core is shared.',
  ]);
});

test('nothing to object to', () => {
  expect(judgeFindings({ seen: ['core/a.ts'], violations: [] }, ['core/a.ts'], law)).toEqual([]);
});
