import { expect, it } from 'vitest';
import { readAttachLine } from './attach-line.ts';

it.each([
  ['/attach report.pdf', { path: 'report.pdf', words: '' }],
  ['/attach report.pdf  what does it say?', { path: 'report.pdf', words: 'what does it say?' }],
  ['/ATTACH "my report.pdf" sum?', { path: 'my report.pdf', words: 'sum?' }],
  ["/attach '/tmp/it is.pdf'", { path: '/tmp/it is.pdf', words: '' }],
  ['/attach /tmp/my\\ report.pdf sum?', { path: '/tmp/my report.pdf', words: 'sum?' }],
  ['/attach', { path: '', words: '' }],
])('%s', (line, wanted) => {
  expect(readAttachLine(line)).toEqual(wanted);
});

it.each(['/attachment x', 'please /attach x', '/status'])('is not %s', (line) => {
  expect(readAttachLine(line)).toBeNull();
});
