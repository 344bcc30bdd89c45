import { expect, test } from 'vitest';
import { addTotals, countSuite, type SuiteReport } from './test-totals.ts';

const passing: SuiteReport = {
  tests: [{ name: 'a.test.ts > adds', state: 'passed' }],
  brokenFiles: [],
  unhandledErrors: [],
};
const suite = { name: 'unit', report: passing, exitedWell: true, testFiles: 1 };

test('a run in which everything passed', () => {
  expect(countSuite(suite)).toEqual({ passed: 1, failed: 0, skipped: 0, remarks: [] });
});

test('a skip is listed with its reason', () => {
  const report: SuiteReport = {
    ...passing,
    tests: [{ name: 'a.test.ts > locks', state: 'skipped', note: 'needs a real Postgres' }],
  };
  expect(countSuite({ ...suite, report })).toEqual({
    passed: 0,
    failed: 0,
    skipped: 1,
    remarks: ['skipped  a.test.ts > locks: needs a real Postgres'],
  });
});

test('a file that could not be loaded is one failure', () => {
  const report: SuiteReport = { ...passing, brokenFiles: ['b.test.ts'] };
  expect(countSuite({ ...suite, report, exitedWell: false })).toMatchObject({ passed: 1, failed: 1 });
});

test('an error outside any test is one failure', () => {
  const report: SuiteReport = { ...passing, unhandledErrors: ['lost'] };
  expect(countSuite({ ...suite, report, exitedWell: false })).toMatchObject({ passed: 1, failed: 1 });
});

test('a test that never ended is a failure', () => {
  const report: SuiteReport = { ...passing, tests: [{ name: 'a.test.ts > waits', state: 'pending' }] };
  expect(countSuite({ ...suite, report })).toMatchObject({ passed: 0, failed: 1 });
});

test('a run that died without a report is one failure', () => {
  expect(countSuite({ ...suite, report: undefined, exitedWell: false })).toMatchObject({ failed: 1 });
});

test('no test although there are test files is a failure', () => {
  const report: SuiteReport = { ...passing, tests: [] };
  expect(countSuite({ ...suite, report })).toMatchObject({ passed: 0, failed: 1 });
  expect(countSuite({ ...suite, report, testFiles: 0 })).toMatchObject({ passed: 0, failed: 0 });
});

test('totals add up', () => {
  const one = { passed: 1, failed: 2, skipped: 3, remarks: ['x'] };
  expect(addTotals([one, one])).toEqual({ passed: 2, failed: 4, skipped: 6, remarks: ['x', 'x'] });
});
