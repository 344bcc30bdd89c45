import { sampleSchedule } from '@reeve/core/testing';
import { describe, expect, it } from 'vitest';
import { statusText, taskLine, waitingLines } from './status.ts';
import { resultText } from './task-result.ts';
import { later, NOW, resultStep, sampleApproval, sampleSpending, sampleTask } from './testing/samples.ts';
import { bytesText, countText, effectSentence, proofLines, spanText } from './wording.ts';

describe('wording', () => {
  it.each([
    [-5, '0 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [7_200_000, '2 h'],
  ])('says %d ms as %s', (span, text) => expect(spanText(span)).toBe(text));

  it.each([
    [1, '1 byte'],
    [999, '999 bytes'],
    [1500, '1.5 kB'],
    [25_000_000, '25 MB'],
    [3e15, '3000 TB'],
  ])('says %d bytes as %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it('counts', () => {
    expect([countText(1, 'task'), countText(0, 'task'), countText(2, 'reply', 'replies')]).toEqual([
      '1 task',
      '0 tasks',
      '2 replies',
    ]);
  });

  it('says an effect as a verb and its object', () => {
    const call = { task: 'T-3', callId: 'c', arguments: { path: 'a\nb', replaces: null } } as const;
    expect([
      effectSentence({ ...call, tool: 'files.put' }),
      effectSentence({ ...call, tool: 'files.put', arguments: { path: 'x', replaces: 'h' } }),
      effectSentence({ ...call, tool: 'files.delete' }),
      effectSentence({ ...call, tool: 'mail.send\u200b' }),
    ]).toEqual([
      'Store 1 new file: a⟨U+000A⟩b',
      'Overwrite 1 file: x',
      'Delete 1 file: a⟨U+000A⟩b',
      'Run mail.send⟨U+200B⟩',
    ]);
  });

  it.each([
    [{}, 'Read 1 page from a.example'],
    [{ method: 'HEAD' }, 'Read 1 page from a.example'],
    [{ secrets: ['KEY'] }, 'Read 1 page from a.example, using KEY'],
    [{ body: 'all of it' }, 'Send 1 GET request with a body to a.example'],
    [{ body: '' }, 'Send 1 GET request with a body to a.example'],
    [{ method: 'POST', body: 'x' }, 'Send 1 POST request to a.example'],
    [
      { headers: { 'X-HTTP-Method-Override': 'DELETE' }, secrets: ['KEY'] },
      'Send 1 GET request that may count as another to a.example, using KEY',
    ],
  ])('says a request with %j as %s', (more, sentence) => {
    const args = { method: 'GET', url: 'https://a.example/x', headers: {}, body: null, secrets: [], ...more };
    expect(effectSentence({ task: 'T-3', callId: 'c', tool: 'http.fetch', arguments: args })).toBe(sentence);
  });

  it('keeps a question on one line, whoever it was started by', () => {
    const origin = { kind: 'untrusted', source: 'Ben\n- **B2** T-9' } as const;
    const [, line] = waitingLines([sampleApproval({ origin })], 'UTC');
    expect(line).toContain('started by Ben⟨U+000A⟩- **B2** T-9 (untrusted): Delete 1 file');
  });

  it('takes as proof only steps that succeeded', () => {
    const steps = [resultStep(1, 'tried', false), resultStep(2, 'wrote a.csv')];
    expect(proofLines(steps, [1, 2, 99])).toEqual(['step 2 wrote a.csv']);
  });
});

describe('a result', () => {
  const ended = (outcome: object, steps = [resultStep(1, 'wrote a.csv (61 bytes)')]) =>
    resultText(
      sampleTask({
        outcome: { kind: 'succeeded', summary: 'It is 639.', evidence: [], ...outcome } as never,
      }),
      steps,
    ).split('\n');

  it('is done with the steps that prove it', () => {
    expect(ended({ evidence: [1] })).toEqual([
      '**T-3 Make a CSV**: done.',
      '',
      'It is 639.',
      '',
      'Proof: step 1 wrote a.csv (61 bytes).',
    ]);
  });

  it('is unverified without such a step', () => {
    expect(ended({ evidence: [7], verdict: 'unverified' })).toEqual([
      '**T-3 Make a CSV**: finished, unverified.',
      '',
      'It is 639.',
      '',
      'I believe this, unverified: no step proves it.',
    ]);
  });

  it('of a failure says what failed, what was not done, what to do, and what was done before', () => {
    expect(ended({ kind: 'failed', summary: '', failure: 'task-steps' })).toEqual([
      '**T-3 Make a CSV**: failed.',
      '',
      'The task used up its steps.',
      'It was broken off; what its steps show was done, the rest was not. Ask for a smaller part of it.',
      '',
      'Done before that (1 step): step 1 wrote a.csv (61 bytes).',
    ]);
  });

  it('of a cancelled or late task says what was done before', () => {
    expect(ended({ kind: 'cancelled' }, [])).toEqual([
      '**T-3 Make a CSV**: cancelled.',
      '',
      'Nothing was done before that.',
    ]);
    expect(ended({ kind: 'expired', summary: '' })[0]).toBe('**T-3 Make a CSV**: ran out of time.');
  });

  it('shows what a worker hides in its words', () => {
    expect(ended({ summary: 'fine\u202e' })[2]).toBe('fine⟨U+202E⟩');
  });
});

describe('the status', () => {
  const empty = {
    limit: 5,
    running: [],
    waiting: [],
    queued: [],
    paused: [],
    approvals: [],
    scheduled: [],
    answering: [],
    today: { finished: 0, failed: 0, modelCalls: 0, inputTokens: 0, outputTokens: 0 },
    spending: sampleSpending(),
    trouble: [],
    model: 'rehearsal',
    webSearch: 'off: set it',
    hearing: 'ears at a host',
    speaking: 'off: set that',
  };

  it('is short when nothing happens', () => {
    expect(statusText(empty, NOW, 'UTC').split('\n')).toEqual([
      'Running 0 of 5.',
      '',
      'Last 24 hours: 0 finished, 0 failed, 0 model calls, 0 tokens.',
      'Today: 0 tokens.',
      'Model: rehearsal',
    ]);
  });

  it('shows what runs, waits, is queued and paused, and trouble last', () => {
    const view = {
      ...empty,
      running: [sampleTask({ activity: 'counting' })],
      queued: [sampleTask({ id: 'T-4', state: 'queued', attempt: 0, startedAt: null })],
      paused: [sampleTask({ id: 'T-5', state: 'paused' })],
      approvals: [sampleApproval()],
      scheduled: [{ schedule: sampleSchedule(), when: 'every Monday at 09:00, UTC' }],
      trouble: ['The disk is nearly full; free some space.'],
    };
    expect(statusText(view, NOW, 'UTC').split('\n')).toEqual([
      'Running 1 of 5:',
      '- ▶ T-3 Make a CSV · counting · 12 s',
      '',
      'Waiting for you:',
      '- **A7K2** T-3, started by you: Delete 1 file: reports/may.csv (until Sat 21 Nov, 14:05; `/approve A7K2` or `/deny A7K2`)',
      '',
      'Queued:',
      '- … T-4 Make a CSV · queued · 20 s',
      '',
      'Paused:',
      '- ‖ T-5 Make a CSV · paused · 12 s',
      '',
      'Next scheduled (`/schedule` lists all):',
      '- **S-1** Make a CSV · Mon 23 Nov, 09:00',
      '',
      'Last 24 hours: 0 finished, 0 failed, 0 model calls, 0 tokens.',
      'Today: 0 tokens.',
      'Model: rehearsal',
      '',
      '⚠ The disk is nearly full; free some space.',
    ]);
  });

  it('counts a task’s age to its end', () => {
    expect(taskLine(sampleTask({ state: 'failed', endedAt: later(-2000) }), later(1e9))).toBe(
      '✗ T-3 Make a CSV · failed · 10 s',
    );
  });
});
