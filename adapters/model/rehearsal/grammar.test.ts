import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIntent } from './grammar.ts';
import type { Intent, Job } from './intent.ts';

/** The job of an intent, without the words. */
function jobIn(text: string): Job | Intent['kind'] {
  const intent = readIntent(text);
  return intent.kind === 'job' ? intent.job : intent.kind;
}

const primes = (size: object, file: string | null, wants: string[]) => ({
  kind: 'numbers',
  list: { kind: 'primes', size, file, wants },
});
const create = (path: string, content: string) => ({ kind: 'write', path, content, mode: 'create' });

describe('one job', () => {
  it.each([
    ['run `ls -la`', { kind: 'run', command: 'ls -la' }],
    ['Please run the command `uname -a`.', { kind: 'run', command: 'uname -a' }],
    ['run echo hi', { kind: 'run', command: 'echo hi' }],
    ['hi, can you run date please?', { kind: 'run', command: 'date' }],
    ['run echo salt and pepper', { kind: 'run', command: 'echo salt and pepper' }],
    ['run for i in 1 2; do echo $i; done', { kind: 'run', command: 'for i in 1 2; do echo $i; done' }],
    ['Run `echo hello` and tell me what it printed', { kind: 'run', command: 'echo hello' }],
    ['run sleep 30 in the sandbox', { kind: 'run', command: 'sleep 30' }],
    ['write hello to notes.txt', create('notes.txt', 'hello')],
    ['Write "hello and goodbye" to notes.txt', create('notes.txt', 'hello and goodbye')],
    ['create a file a.txt with some text here', create('a.txt', 'some text here')],
    ['create a file named "my b.txt" containing: line one', create('my b.txt', 'line one')],
    [
      'write a file called notes.txt with the text "hello world" and store it',
      create('notes.txt', 'hello world'),
    ],
    ['Save "x,y" as data.csv', create('data.csv', 'x,y')],
    ['create a file a.txt', create('a.txt', '')],
    ['overwrite notes.txt with bye', { kind: 'write', path: 'notes.txt', content: 'bye', mode: 'replace' }],
    ['append more to notes.txt', { kind: 'write', path: 'notes.txt', content: 'more', mode: 'append' }],
    ['read notes.txt', { kind: 'read', path: 'notes.txt' }],
    ['show me T-1/notes.txt', { kind: 'read', path: 'T-1/notes.txt' }],
    ['what is in notes.txt?', { kind: 'read', path: 'notes.txt' }],
    ['show it', { kind: 'read', path: null }],
    ['delete notes.txt', { kind: 'delete', path: 'notes.txt' }],
    ['fetch https://example.com/a?b=1.', { kind: 'fetch', url: 'https://example.com/a?b=1' }],
    ['read https://example.com', { kind: 'fetch', url: 'https://example.com' }],
    ['Open pypi.org to commands', { kind: 'open-host', host: 'pypi.org', port: 443 }],
    ['open pypi.org:8443 for my commands.', { kind: 'open-host', host: 'pypi.org', port: 8443 }],
    [
      'Every Monday at 09:00: make a CSV of the first 20 primes',
      {
        kind: 'schedule',
        when: 'Every Monday at 09:00',
        goal: 'make a CSV of the first 20 primes',
        title: 'CSV of the first 20 primes',
      },
    ],
    [
      'Schedule every Monday at 09:00: Read the file uploads/may.txt and tell me in a few sentences what it says',
      {
        kind: 'schedule',
        when: 'every Monday at 09:00',
        goal: 'Read the file uploads/may.txt and tell me in a few sentences what it says',
        title: 'Read uploads/may.txt',
      },
    ],
    [
      'in 20 minutes: please run date',
      { kind: 'schedule', when: 'in 20 minutes', goal: 'run date', title: 'Run date' },
    ],
    ['every Monday 09:00: make me happy', 'unclear'],
    ['Delete it', { kind: 'delete', path: null }],
    ['please delete that file.', { kind: 'delete', path: null }],
    ['list my files', { kind: 'list' }],
    ['what files do I have?', { kind: 'list' }],
    ['work 5 seconds', { kind: 'work', seconds: 5 }],
    ['work for twenty-five seconds', { kind: 'work', seconds: 25 }],
    ['wait 2 minutes', { kind: 'work', seconds: 120 }],
    ['a 5 second task', { kind: 'work', seconds: 5 }],
    ['what is 12*(3+4)', { kind: 'calculate', expression: '12*(3+4)' }],
    ['2+2=?', { kind: 'calculate', expression: '2+2' }],
    ['what is 15% of 80?', { kind: 'calculate', expression: '(15/100) * 80' }],
    ['calculate the square root of 144', { kind: 'calculate', expression: 'sqrt(144)' }],
    ['what time is it?', { kind: 'clock', timeZone: null }],
    ['what time is it in Tokyo?', { kind: 'clock', timeZone: 'Tokyo' }],
    ["what's the date today", { kind: 'clock', timeZone: null }],
  ])('%s', (text, job) => {
    expect(jobIn(text)).toEqual(job);
  });
});

describe('numbers', () => {
  it.each([
    ['Make a CSV of the first 20 primes and tell me their sum', primes({ first: 20 }, 'primes.csv', ['sum'])],
    [
      'please create a csv with the first twenty prime numbers, and the total',
      primes({ first: 20 }, 'primes.csv', ['sum']),
    ],
    ['Write the first 1,000 primes to p.csv', primes({ first: 1000 }, 'p.csv', [])],
    ['what is the sum of the primes below 100?', primes({ upTo: 99, from: 1 }, null, ['sum'])],
    ['list primes from 50 to 80', primes({ upTo: 80, from: 50 }, null, ['list'])],
    ['average of the first dozen primes', primes({ first: 12 }, null, ['average'])],
  ])('%s', (text, job) => {
    expect(jobIn(text)).toEqual(job);
  });

  it.each([
    ['squares', 'square numbers'],
    ['even numbers', 'even numbers'],
    ['odd numbers', 'odd numbers'],
    ['Fibonacci numbers', 'Fibonacci numbers'],
    ['triangular numbers', 'triangular numbers'],
    ['cubes', 'cubes'],
    ['powers of two', 'powers of two'],
  ])('%s', (kind, words) => {
    expect(jobIn(`make a CSV of the first 30 ${words} and tell me their sum`)).toMatchObject({
      list: { kind, size: { first: 30 }, wants: ['sum'] },
    });
  });

  it('refuses more than a shell can do', () => {
    expect(readIntent('make a csv of the first 1000000 primes')).toMatchObject({
      kind: 'unclear',
      because: expect.any(String),
    });
  });
});

describe('one after the other', () => {
  it.each([
    [
      'write hello to notes.txt and then read it',
      [create('notes.txt', 'hello'), { kind: 'read', path: null }],
    ],
    [
      'write a to a.txt; write b to b.txt; read a.txt',
      [create('a.txt', 'a'), create('b.txt', 'b'), { kind: 'read', path: 'a.txt' }],
    ],
    [
      'run `date` and read notes.txt',
      [
        { kind: 'run', command: 'date' },
        { kind: 'read', path: 'notes.txt' },
      ],
    ],
  ])('%s', (text, jobs) => {
    expect(jobIn(text)).toEqual({ kind: 'steps', jobs });
  });
});

describe('several at once', () => {
  it.each([
    [
      'do three things at once: work 3 seconds; run date; list my files',
      ['work 3 seconds', 'run date', 'list my files'],
    ],
    ['do these in parallel:\n- work 2 seconds\n- work 3 seconds', ['work 2 seconds', 'work 3 seconds']],
    ['run `a; b` and run `c` at the same time', ['run `a; b`', 'run `c`']],
    ['work 3 seconds five times at once', Array(5).fill('work 3 seconds')],
    ['start 6 tasks that work 20 seconds each', Array(6).fill('work 20 seconds')],
    ['do five jobs of 10 seconds each at once', Array(5).fill('work 10 seconds')],
    [
      'Do 3 things in parallel: work 4 seconds, work 5 seconds, and work 6 seconds',
      ['work 4 seconds', 'work 5 seconds', 'work 6 seconds'],
    ],
  ])('%s', (text, words) => {
    const intent = readIntent(text);
    expect(intent.kind === 'several' && intent.jobs.map((job) => job.words)).toEqual(words);
  });

  it.each([
    'do three things at once',
    'do two things at once: work 3 seconds; write a poem',
    'work 1 second 100 times at once',
  ])('says what it lacks: %s', (text) => {
    expect(readIntent(text)).toMatchObject({ kind: 'unclear', because: expect.any(String) });
  });
});

describe('talk and tasks', () => {
  it.each([
    ['hello', { kind: 'talk', topic: 'greeting' }],
    ['Thanks a lot!', { kind: 'talk', topic: 'thanks' }],
    ['help', { kind: 'talk', topic: 'help' }],
    ['who are you?', { kind: 'talk', topic: 'identity' }],
    ['how is it going?', { kind: 'status' }],
    ['status', { kind: 'status' }],
    ['cancel T-3', { kind: 'control', act: 'cancel', target: { task: 'T-3' } }],
    ['stop it', { kind: 'control', act: 'cancel', target: 'newest' }],
    ['cancel everything', { kind: 'control', act: 'cancel', target: 'all' }],
    ['pause t2', { kind: 'control', act: 'pause', target: { task: 'T-2' } }],
    ['how is T-3 doing?', { kind: 'inspect', task: 'T-3' }],
    ['tell T-3 to run date', { kind: 'steer', task: 'T-3', text: 'run date' }],
    ['yes, do it', { kind: 'decide' }],
  ])('%s', (text, intent) => {
    expect(readIntent(text)).toEqual(intent);
  });
});

describe('what it does not understand', () => {
  it.each([
    '',
    '   ',
    'write me a poem',
    'write a poem about cats',
    'remember that I like tea',
    'ich möchte ein Gedicht',
    'delete everything',
    'delete all my files',
    'read my mind',
    'what is love',
    'send an email to ann@example.com',
    '12/11/2026',
    'T-3',
    '🙂',
    'I deleted notes.txt yesterday',
    'open localhost to commands',
    'fetch the dog',
    'the first thing is that primes are nice',
  ])('“%s” starts nothing', (text) => {
    expect(['unclear', 'inspect']).toContain(readIntent(text).kind);
  });
});

const phrases = fc.constantFrom(
  'run',
  'write',
  'to',
  'a.txt',
  'delete',
  'it',
  '"',
  '`',
  'and then',
  ';',
  'at once',
  'five',
  'tasks that',
  'work',
  '3 seconds',
  'T-1',
  'the first',
  '20',
  'primes',
  'sum',
  '(',
  '+',
  '\n',
  ',',
  'please',
  'read',
  ':',
  'times',
  'what is',
);

describe('for any text', () => {
  it('gives an intent and never throws', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.array(phrases, { maxLength: 25 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (words) => void expect(readIntent(words).kind).toBeTypeOf('string')),
      { numRuns: 2000 },
    );
  });

  it('never invents a command, a file or a content: each stands in the person’s words', () => {
    fc.assert(
      fc.property(fc.array(phrases, { minLength: 1, maxLength: 14 }), (words) => {
        const text = words.join(' ');
        const intent = readIntent(text);
        const jobs =
          intent.kind === 'job'
            ? [intent.job]
            : intent.kind === 'several'
              ? intent.jobs.map(({ job }) => job)
              : [];
        for (const job of jobs.flatMap((each) => (each.kind === 'steps' ? each.jobs : [each]))) {
          if (job.kind === 'run') expect(text).toContain(job.command);
          if ('path' in job && job.path !== null) expect(text).toContain(job.path);
          if (job.kind === 'write') expect(text).toContain(job.content);
        }
      }),
      { numRuns: 3000, examples: [[['run', '20', 'at once', '\n', 'run']]] },
    );
  });

  it('deletes nothing unless the words say so', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        fc.pre(!/delete|remove|erase|get rid|throw|trash|bin|rm/i.test(text));
        expect(JSON.stringify(readIntent(text))).not.toContain('"kind":"delete"');
      }),
    );
  });
});
