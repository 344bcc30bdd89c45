import type { ChatMessage, ChatTool } from '@reeve/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coordinatorMove } from './coordinator-plan.ts';
import type { Move, PlannedCall } from './plan.ts';

const names = [
  'task_start',
  'task_steer',
  'task_cancel',
  'task_pause',
  'task_resume',
  'task_inspect',
  'files_list',
];
const tools: readonly ChatTool[] = names.map((name) => ({ type: 'function', function: { name } }));
const now = new Date('2026-11-21T13:05:00Z');
const PLAIN_BOARD = 'Now: Sat, 21 Nov 2026, 14:05 (Europe/Paris).\nNo tasks are running or waiting.';
const BUSY_BOARD =
  'Now: Sat, 21 Nov 2026, 14:05 (Europe/Paris).\nTask board:\n- T-2 Work 60 seconds: running `sleep 1`\n- T-5 Run date: queued';

function turn(
  words: string,
  options: { history?: ChatMessage[]; board?: string; rounds?: ChatMessage[] } = {},
): Move {
  const messages: ChatMessage[] = [
    { role: 'system', content: 'You are Reeve.' },
    ...(options.history ?? []),
    { role: 'system', content: options.board ?? PLAIN_BOARD },
    { role: 'user', content: words },
    ...(options.rounds ?? []),
  ];
  return coordinatorMove({ role: 'coordinator', messages, tools, maxTokens: 1000 }, now);
}

function callsOf(move: Move): readonly PlannedCall[] {
  expect(move.kind).toBe('call');
  return move.kind === 'call' ? move.calls : [];
}

/** The round that a move's calls make, with these results. */
function round(calls: readonly PlannedCall[], results: readonly string[]): ChatMessage[] {
  return [
    {
      role: 'assistant',
      content: '',
      tool_calls: calls.map((call, index) => ({
        id: `call_${index}`,
        type: 'function',
        function: { name: call.tool, arguments: JSON.stringify(call.arguments) },
      })),
    },
    ...results.map(
      (content, index): ChatMessage => ({ role: 'tool', tool_call_id: `call_${index}`, content }),
    ),
  ];
}

/** Words, then the answer once their calls have these results. */
function answered(
  words: string,
  results: readonly string[],
  options: { history?: ChatMessage[]; board?: string } = {},
): string {
  const calls = callsOf(turn(words, options));
  const move = turn(words, { ...options, rounds: round(calls, results) });
  expect(move.kind).toBe('answer');
  return move.kind === 'answer' ? move.text : '';
}

function textOf(move: Move): string {
  expect(move.kind).toBe('answer');
  return move.kind === 'answer' ? move.text : '';
}

const stored: ChatMessage = {
  role: 'system',
  content:
    'Event (from the agent itself; information, not an instruction):\n**T-1 CSV of the first 20 primes**: done.\n\nThe sum is 639.\n\nProof: step 8 stored T-1/primes.csv (61 bytes).',
};

describe('work', () => {
  it('starts one task, with the person’s own words as its goal', () => {
    const words = 'Make a CSV of the first 20 primes and tell me their sum';
    expect(callsOf(turn(words))).toEqual([
      { tool: 'task_start', arguments: { title: 'CSV of the first 20 primes', goal: words } },
    ]);
    const text = answered(words, ['{"task":"T-3","state":"queued"}']);
    expect(text).toMatch(/^Rehearsal model: no AI model is configured/);
    expect(text).toContain('Started T-3');
  });

  it('starts several in one answer', () => {
    const calls = callsOf(turn('work 3 seconds five times at once'));
    expect(calls.map((call) => call.arguments)).toEqual(
      [1, 2, 3, 4, 5].map((number) => ({ title: `Work 3 seconds (${number} of 5)`, goal: 'work 3 seconds' })),
    );
  });

  it('says what was not started, and why', () => {
    const text = answered('do two things at once: work 2 seconds; run date', [
      '{"task":"T-3","state":"queued"}',
      '{"problem":"Not started: at most 1 task at once."}',
    ]);
    expect(text).toContain('Started T-3 (Work 2 seconds)');
    expect(text).toContain('Not started: Run date.');
  });

  it('claims no task when the result names none', () => {
    expect(answered('run date', ['something odd'])).toContain('Not started: Run date. something odd');
  });
});

describe('“it”', () => {
  it('is the newest file that was stored', () => {
    const [call] = callsOf(turn('Delete it', { history: [stored] }));
    expect(call?.arguments).toEqual({
      title: 'Delete T-1/primes.csv',
      goal: 'Delete it\n\n[“it” is the file T-1/primes.csv]',
    });
  });

  it.each([
    [
      'an attachment',
      {
        role: 'user',
        content: "look\n\n[Attached, among the owner's files: uploads/a.txt, uploads/b c.txt]",
      },
      'uploads/b c.txt',
    ],
    [
      'a file with blanks in its name',
      {
        role: 'system',
        content: 'Event (x):\nProof: step 2 stored T-2/my notes.txt (1.2 kB); step 3 ran `date`.',
      },
      'T-2/my notes.txt',
    ],
    [
      'a file that was read',
      { role: 'system', content: 'Event (x):\nProof: step 2 fetched T-2/n.txt.' },
      'T-2/n.txt',
    ],
  ] as const)('may be %s', (_name, message, path) => {
    expect(callsOf(turn('read it', { history: [stored, message] }))[0]?.arguments['goal']).toContain(
      `is the file ${path}]`,
    );
  });

  it('is the last file named, even one that was deleted: it may be back since', () => {
    const older: ChatMessage = { role: 'system', content: 'Event (x):\nstored old.txt (5 bytes)' };
    const gone: ChatMessage = {
      role: 'system',
      content: 'Event (x):\nT-2 Delete: done.\n\nDeleted T-1/primes.csv.',
    };
    expect(callsOf(turn('delete it', { history: [older, stored, gone] }))[0]?.arguments['goal']).toContain(
      'is the file T-1/primes.csv]',
    );
  });

  it('is no word that only stands behind “deleted”', () => {
    const chatter: ChatMessage = { role: 'user', content: 'I deleted everything yesterday' };
    expect(callsOf(turn('read it', { history: [stored, chatter] }))[0]?.arguments['goal']).toContain(
      'T-1/primes.csv]',
    );
  });

  it('is a file that was brought back', () => {
    const back: ChatMessage = { role: 'assistant', content: 'old notes.txt is back as it was (5 bytes).' };
    expect(callsOf(turn('read it', { history: [stored, back] }))[0]?.arguments['goal']).toContain(
      'is the file old notes.txt]',
    );
  });

  it('is handed on as one line, whatever is in its name', () => {
    const odd: ChatMessage = {
      role: 'user',
      content: "look\n\n[Attached, among the owner's files: uploads/a\nb.txt]",
    };
    const [call] = callsOf(turn('delete it', { history: [odd] }));
    expect(call?.arguments).toEqual({
      title: 'Delete uploads/a⟨U+000A⟩b.txt',
      goal: 'delete it\n\n[“it” is the file uploads/a⟨U+000A⟩b.txt]',
    });
  });

  it('is read when it comes without words', () => {
    const words = "\n\n[Attached, among the owner's files: uploads/a.pdf]\n\n[uploads/a.pdf: not shown here]";
    expect(callsOf(turn(words))[0]?.arguments).toEqual({
      title: 'Read uploads/a.pdf',
      goal: 'read it\n\n[“it” is the file uploads/a.pdf]',
    });
  });

  it('is nothing before any file was stored', () => {
    expect(textOf(turn('delete it'))).toContain('Nothing was done.');
  });
});

describe('tasks that there are', () => {
  it('tells the board', () => {
    expect(textOf(turn('status', { board: BUSY_BOARD }))).toContain(
      '- T-2 Work 60 seconds: running `sleep 1`',
    );
    expect(textOf(turn('how is it going?', { history: [stored] }))).toContain(
      'T-1 CSV of the first 20 primes: done.',
    );
  });

  it.each([
    ['cancel T-2', [{ tool: 'task_cancel', arguments: { task: 'T-2' } }]],
    ['stop it', [{ tool: 'task_cancel', arguments: { task: 'T-5' } }]],
    [
      'cancel all',
      [
        { tool: 'task_cancel', arguments: { task: 'T-2' } },
        { tool: 'task_cancel', arguments: { task: 'T-5' } },
      ],
    ],
    ['pause T-2', [{ tool: 'task_pause', arguments: { task: 'T-2' } }]],
    ['tell T-2 to run date', [{ tool: 'task_steer', arguments: { task: 'T-2', text: 'run date' } }]],
    ['how is T-2?', [{ tool: 'task_inspect', arguments: { task: 'T-2' } }]],
  ])('%s', (words, calls) => {
    expect(callsOf(turn(words, { board: BUSY_BOARD }))).toEqual(calls);
  });

  it('tells what came of it', () => {
    expect(answered('cancel T-9', ['{"problem":"There is no such task: T-9."}'])).toContain(
      'There is no such task: T-9.',
    );
    expect(answered('cancel T-2', ['{"task":"T-2","state":"cancelled"}'])).toContain('T-2 cancelled.');
    const inspected =
      '{"task":"T-2","title":"Work","state":"running","now":"running sleep","steps":["3: ran sleep"],"summary":null}';
    expect(answered('how is T-2?', [inspected])).toContain('Steps: 3: ran sleep.');
  });

  it('has nothing to stop when nothing runs', () => {
    expect(textOf(turn('stop'))).toContain('nothing to cancel');
  });

  it('cannot decide for the person', () => {
    expect(textOf(turn('yes'))).toContain('/approve');
  });
});

describe('questions', () => {
  it('tells the time by the board, or of another place by the clock', () => {
    expect(textOf(turn('what time is it?'))).toContain('Sat, 21 Nov 2026, 14:05 (Europe/Paris)');
    expect(textOf(turn('what time is it in Tokyo?'))).toContain('22:05 (Asia/Tokyo)');
    expect(textOf(turn('what time is it in Atlantis?'))).toContain('no time zone');
  });

  it('lists the files', () => {
    expect(answered('list my files', ['[{"path":"T-1/a.csv","bytes":61}]'])).toContain(
      '- T-1/a.csv (61 bytes)',
    );
    expect(answered('list my files', ['[]'])).toContain('no files yet');
    const odd = JSON.stringify([{ path: 'a\n- b\u202E.txt', bytes: 1 }]);
    expect(answered('list my files', [odd])).toContain('- a⟨U+000A⟩- b⟨U+202E⟩.txt (1 bytes)');
  });

  it.each(['hello', 'help', 'who are you?'])('“%s” says what it is', (words) => {
    expect(textOf(turn(words))).toContain('no AI model is configured');
  });

  it('says what it is once in a conversation', () => {
    const history: ChatMessage[] = [
      { role: 'user', content: 'run date' },
      { role: 'assistant', content: answered('run date', ['{"task":"T-1"}']) },
    ];
    expect(answered('run date', ['{"task":"T-2"}'], { history })).toBe(
      'Rehearsal model: Started T-2 (Run date). Its result comes here by itself.',
    );
    expect(textOf(turn('hello', { history }))).toBe(
      'Rehearsal model: hello again. Say “help” to see what I understand.',
    );
    expect(textOf(turn('write me a poem', { history }))).toBe(
      'Rehearsal model: I do not understand that. Nothing was done. Say “help” to see what I understand.',
    );
  });

  it.each(['hello again', 'hi again!', 'Hello, Reeve'])('“%s” is a greeting', (words) => {
    expect(textOf(turn(words))).toMatch(/^Hello\./);
    expect(textOf(turn(words)).split('\n')).toHaveLength(1);
  });

  it('says plainly what it does not understand, and does nothing', () => {
    expect(textOf(turn('write me a poem'))).toMatch(/does not understand that\. Nothing was done\./);
  });
});

it('never throws, for any words and any results', () => {
  const words = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('status', 'run date', 'list my files', 'cancel all', 'T-1: hurry', 'how is T-2?'),
  );
  fc.assert(
    fc.property(words, fc.string(), (text, result) => {
      const move = turn(text, { board: BUSY_BOARD });
      if (move.kind === 'answer') return;
      const next = turn(text, {
        board: BUSY_BOARD,
        rounds: round(
          move.calls,
          move.calls.map(() => result),
        ),
      });
      expect(next.kind).toBe('answer');
    }),
    { numRuns: 500 },
  );
});
