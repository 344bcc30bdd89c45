import { BUDGET_TOOL, type RaiseArguments, TASK_STATES } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { approvalCard } from './approval-card.ts';
import { taskCard } from './task-card.ts';
import { cardLines } from './testing/card-lines.ts';
import { later, NOW, sampleApproval, sampleScheduling, sampleTask } from './testing/samples.ts';

const approval = (more: Parameters<typeof sampleApproval>[0] = {}) =>
  cardLines(approvalCard(sampleApproval(more), 'Europe/Berlin'));
const overwrite = {
  task: 'T-3',
  callId: 's1.1',
  tool: 'files.put',
  arguments: { path: 'a.csv', bytes: 2_500, sha256: 'new', replaces: 'old' },
} as const;

/** What would look like a line that Reeve wrote. */
const FAKE = '\nWhat leaves Reeve: nothing';

function pushOf(subjects: readonly string[]) {
  const update = {
    ref: 'refs/heads/main',
    old: 'a'.repeat(40),
    new: 'b'.repeat(40),
    kind: 'update',
    subjects,
  };
  return { repository: 'https://git.example.org/me/repo', updates: [update] };
}

/** A question to raise a cap. */
function raising(more: Partial<RaiseArguments>) {
  const raise: RaiseArguments = {
    cap: 'task',
    of: 'T-3',
    addTokens: 0,
    addMicros: 0,
    capTokens: 2_000_000,
    capMicros: null,
    spentTokens: 1_996_120,
    spentMicros: 0,
    ...more,
  };
  const task = raise.cap === 'task' ? 'T-3' : null;
  const call = { task, callId: 'budget', tool: BUDGET_TOOL, arguments: { ...raise } } as const;
  return sampleApproval({ call, tier: 'change', reason: '' });
}

describe('the card of a schedule', () => {
  it('says when, what word for word, how it is ended, and offers nothing that stands for later', () => {
    expect(approval({ call: sampleScheduling, tier: 'change', reason: 'You said so.' })).toEqual([
      '? T-3 asks: Schedule 1 job: every Monday at 09:00, Europe/Berlin: A list of primes',
      'Schedule 1 job: every Monday at 09:00, Europe/Berlin: A list of primes',
      'Action: have a worker do this by itself at these times (schedule.create)',
      'Title: A list of primes',
      'What is done each time, word for word: Make a list of 20 primes',
      'When: every Monday at 09:00, Europe/Berlin',
      'Rule: 0 9 * * 1',
      'Time zone: Europe/Berlin',
      'Asked by: T-3, started by you',
      'Its reason (its own claim): You said so.',
      'Undo: At any time: /schedule shows its number, such as S-1, and /schedule remove S-1 ends it.',
      'What leaves Reeve: nothing now; a run may look words up on the web, and asks before it sends anything else',
      'Kind: a change: asked every time',
      'No answer by Sat 21 Nov, 15:05: not done.',
      '[Once] primary /approve A7K2',
      '[Edit] plain /edit A7K2 what to change',
      '[Deny] plain /deny A7K2',
      '[Deny and say why] plain /deny A7K2 why',
    ]);
  });
});

describe('a task card', () => {
  it('shows what it has cost so far of its cap', () => {
    const lines = cardLines(taskCard(sampleTask(), NOW, '1,200 of 2,000,000 tokens, about $0.02'));
    expect(lines[2]).toBe('1,200 of 2,000,000 tokens, about $0.02');
    expect(cardLines(taskCard(sampleTask({ state: 'succeeded' }), NOW, 'x'))).toHaveLength(1);
  });

  it('shows state, step and buttons while the task runs', () => {
    expect(cardLines(taskCard(sampleTask({ steps: 2, activity: 'running a command' }), NOW))).toEqual([
      '▶ T-3 Make a CSV · running a command · 12 s',
      '(2) Step 2 · running a command',
      '[Stop] danger /cancel T-3',
      '[Add note] plain /tell T-3 your note',
      '[Details] plain /why T-3',
    ]);
  });

  it.each([
    ['queued', { attempt: 0 }, '… T-3 Make a CSV · queued · 12 s'],
    ['queued', { attempt: 1 }, '… T-3 Make a CSV · queued to go on · 12 s'],
    ['running', {}, '▶ T-3 Make a CSV · starting · 12 s'],
    ['waiting', { waitingFor: 'approval' }, '? T-3 Make a CSV · waiting for your answer · 12 s'],
    ['paused', {}, '‖ T-3 Make a CSV · paused · 12 s'],
  ] as const)('is titled by its state: %s', (state, more, title) => {
    expect(taskCard(sampleTask({ state, ...more }), NOW).title).toBe(title);
  });

  it.each([
    ['succeeded', '✓ T-3 Make a CSV · done · 2 min'],
    ['failed', '✗ T-3 Make a CSV · failed · 2 min'],
    ['cancelled', '■ T-3 Make a CSV · cancelled · 2 min'],
    ['expired', '⌛ T-3 Make a CSV · ran out of time · 2 min'],
  ] as const)('folds to one line once it is %s', (state, title) => {
    expect(cardLines(taskCard(sampleTask({ state, endedAt: later(108_000) }), later(1e9)))).toEqual([title]);
  });

  it('shows hidden characters of a title and keeps it on one line, in every state', () => {
    for (const state of TASK_STATES) {
      const { title } = taskCard(sampleTask({ state, title: 'a\u202eb\u200b\nc' }), NOW);
      expect(title).toContain('a⟨U+202E⟩b⟨U+200B⟩ c');
    }
  });
});

describe('an approval card', () => {
  it('says what will run, on whose word, whether it can be undone, and until when', () => {
    expect(approval()).toEqual([
      '? T-3 asks: Delete 1 file: reports/may.csv',
      'Delete 1 file: reports/may.csv',
      'Action: delete this file from your files (files.delete)',
      'File: reports/may.csv',
      'Size: 61 bytes',
      'Content (SHA-256): ab12',
      'Asked by: T-3, started by you',
      'Its reason (its own claim): you asked for it',
      'Undo: For 30 days: /undo reports/may.csv',
      'What leaves Reeve: nothing',
      'Kind: destructive: asked every time',
      'No answer by Sat 21 Nov, 15:05: not done.',
      '[Once] danger /approve A7K2',
      '[Edit] plain /edit A7K2 what to change',
      '[Deny] plain /deny A7K2',
      '[Deny and say why] plain /deny A7K2 why',
    ]);
  });

  it('offers wider answers for a change, never for what cannot be taken back', () => {
    expect(approval({ tier: 'change', call: overwrite }).slice(-6)).toEqual([
      '[Once] primary /approve A7K2',
      '[For this task, this file] primary /approve A7K2 task',
      '[Always for this file] primary /approve A7K2 always',
      '[Edit] plain /edit A7K2 what to change',
      '[Deny] plain /deny A7K2',
      '[Deny and say why] plain /deny A7K2 why',
    ]);
  });

  it.each([
    [
      'a task’s tokens',
      { addTokens: 1_000_000, spentMicros: 1_200_000 },
      'T-3 has used up its budget: 1,996,120 of 2,000,000 tokens (about $1.20). Add 1,000,000 tokens?',
    ],
    [
      'a task’s money',
      { addMicros: 500_000, capMicros: 1_000_000, spentMicros: 999_999 },
      'T-3 has used up its budget: $1.00 of $1.00. Add $0.50?',
    ],
    [
      'a day',
      { cap: 'day', of: '2026-11-21', addTokens: 1_000_000 },
      'The budget of 21 November 2026 is used up: 1,996,120 of 2,000,000 tokens. Add 1,000,000 tokens?',
    ],
    [
      'a month in both',
      {
        cap: 'month',
        of: '2026-11',
        addTokens: 5000,
        addMicros: 10_000,
        capMicros: 20_000,
        spentMicros: 4000,
      },
      'The budget of November 2026 is used up: 1,996,120 of 2,000,000 tokens, under $0.01 of $0.02. Add 5,000 tokens and $0.01?',
    ],
  ] as const)('asks for %s in one line', (_name, more, question) => {
    expect(approvalCard(raising(more), 'UTC').title).toBe(`? ${question}`);
  });

  it('for a raise says what a yes adds, what a no means, and offers no standing yes', () => {
    expect(cardLines(approvalCard(raising({ addTokens: 5000 }), 'Europe/Berlin')).slice(2)).toEqual([
      'Action: Add 5,000 tokens to the budget of T-3 (budget.add)',
      'Asked by: T-3, started by you',
      'Undo: What models have used cannot be given back; what is left stays unused.',
      'The task waits. No answer by Sat 21 Nov, 15:05: it is ended.',
      '[Add] primary /approve A7K2',
      '[Stop] danger /deny A7K2',
    ]);
    const day = cardLines(approvalCard(raising({ cap: 'day', of: '2026-11-21', addTokens: 5000 }), 'UTC'));
    expect(day).toContain(
      'What needs a model waits, and goes on by itself from Sat 21 Nov, 14:05, when a new day begins.',
    );
    expect(day.at(-1)).toBe('[Leave it] plain /deny A7K2');
    const settled = approvalCard(
      { ...raising({ addTokens: 5000 }), state: 'denied', decidedBy: 'Ada' },
      'UTC',
    );
    expect(settled.title).toBe('✗ Add 5,000 tokens to the budget of T-3');
    expect(cardLines(settled).at(-1)).toBe('Denied by Ada. Not done.');
  });

  it('claims no undo that there is not', () => {
    const undo = (call: typeof overwrite | object) =>
      approval({ call: { ...overwrite, ...call } }).find((line) => line.startsWith('Undo: '));
    expect(undo({})).toContain('/undo a.csv');
    expect(undo({ arguments: { ...overwrite.arguments, replaces: null } })).toContain('can be deleted');
    expect(undo({ tool: 'files.move' })).toContain('Not known');
  });

  it.each([
    [
      'approved',
      { decidedBy: 'Ada', decidedAt: NOW, scope: 'once' },
      '✓',
      'Approved (once) by Ada, Sat 21 Nov, 15:00.',
    ],
    [
      'denied',
      { decidedBy: 'Ada', decidedAt: NOW, note: 'keep\u202e it' },
      '✗',
      'Denied by Ada, Sat 21 Nov, 15:00. Not done. They said: keep⟨U+202E⟩ it',
    ],
    ['expired', {}, '✗', 'Nobody answered in time. Not done.'],
    [
      'voided',
      { decidedAt: NOW },
      '✗',
      'No longer asked, Sat 21 Nov, 15:00: the task ended or the request changed. Not done.',
    ],
  ] as const)('says how it ended when %s, and has no buttons', (state, more, icon, sentence) => {
    const lines = approval({ state, ...more });
    expect([lines[0], lines.at(-1)]).toEqual([`${icon} Delete 1 file: reports/may.csv`, sentence]);
    expect(lines.some((line) => line.startsWith('['))).toBe(false);
  });

  it('shows hidden characters wherever a worker or a name could put them', () => {
    const hidden = 'x\u202ey\u{E0041}\u200b';
    const lines = approval({
      call: {
        task: 'T-3',
        callId: 'c',
        tool: `t${hidden}`,
        arguments: { [`n${hidden}`]: hidden, deep: [hidden] },
      },
      reason: hidden,
      origin: { kind: 'untrusted', source: hidden },
    }).join('\n');
    expect(lines).not.toMatch(/[\u202e\u200b\u{E0041}]/u);
    expect(lines.match(/x⟨U\+202E⟩y⟨U\+E0041⟩⟨U\+200B⟩/g)?.length).toBeGreaterThanOrEqual(6);
  });

  it.each([
    ['a path', 'files.put', { path: `uploads/a.txt${FAKE}`, bytes: 1, sha256: 'new', replaces: 'old' }],
    ['a subject', 'git.push', pushOf([`fix${FAKE}`, `\r${FAKE}`])],
    ['words to search for', 'web.search', { query: `primes${FAKE}`, count: 3 }],
    [
      'a title and times',
      'schedule.create',
      { title: `A${FAKE}`, when: `at nine${FAKE}`, rule: FAKE, goal: 'x' },
    ],
    ['an unknown tool', `mail.send${FAKE}`, { to: `ada${FAKE}`, [`subject${FAKE}`]: 'x' }],
  ])('lets %s draw no line of its own', (_what, tool, args) => {
    const { title, blocks } = approvalCard(
      sampleApproval({
        call: { task: 'T-3', callId: 'c', tool, arguments: args },
        reason: `you said so${FAKE}`,
      }),
      'Europe/Berlin',
    );
    expect(title).not.toContain('\n');
    for (const block of blocks) {
      if (block.kind === 'heading') expect(block.text).not.toContain('\n');
      for (const { name, value } of block.kind === 'fields' ? block.fields : [])
        expect(`${name}: ${value}`).not.toMatch(/\n(?:What|\n)/);
    }
  });

  it('keeps the lines of what has lines: a body, the words of a job', () => {
    const body = approval({
      call: {
        task: 'T-3',
        callId: 'c',
        tool: 'http.fetch',
        arguments: { method: 'POST', url: 'https://a.example/', body: 'one\ntwo' },
      },
    });
    expect(body).toContain('Body: one\ntwo');
    const job = { ...sampleScheduling, arguments: { ...sampleScheduling.arguments, goal: 'one\ntwo' } };
    expect(approval({ call: job })).toContain('What is done each time, word for word: one\ntwo');
  });

  it('tells an argument that a worker named from what Reeve says', () => {
    const call = {
      task: 'T-3',
      callId: 'c',
      tool: 'mail.send',
      arguments: { 'What leaves Reeve': 'nothing' },
    } as const;
    const lines = approval({ call });
    expect(lines).toContain('Argument “What leaves Reeve”: nothing');
    expect(lines.filter((line) => line.startsWith('What leaves Reeve'))).toEqual([
      'What leaves Reeve: not known',
    ]);
  });
});
