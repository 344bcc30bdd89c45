import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FakeHouse, openFakeHouse, sampleApproval, sampleTask } from '@reeve/channel-http/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runTerminalChat } from './terminal-chat.ts';
import { answerOf, approvalCardOf, type Delivered, resultOf, taskCardOf } from './testing/sample-events.ts';
import { createTerminalEmulator, type TerminalEmulator } from './testing/terminal-emulator.ts';

const ACCENT = '\u001b[36m';

let house: FakeHouse;
let leave: AbortController;
beforeEach(async () => {
  house = await openFakeHouse();
  leave = new AbortController();
});
afterEach(async () => {
  leave.abort();
  await house.stop();
});

interface OpenChat {
  readonly terminal: TerminalEmulator;
  readonly ended: Promise<void>;
  type(keys: string): void;
  /** Waits until the terminal shows the text. */
  shows(text: string): Promise<void>;
}

function openChat(options: { colour?: boolean; columns?: number; token?: string } = {}): OpenChat {
  const terminal = createTerminalEmulator(options.columns ?? 80, 24);
  const input = new PassThrough();
  const ended = runTerminalChat({
    url: house.url,
    token: options.token ?? house.token,
    conversation: 'main',
    colour: options.colour ?? false,
    input,
    output: terminal.stream,
    readFile: async (path) => {
      if (path === 'papers') throw Object.assign(new Error('EISDIR'), { code: 'EISDIR' });
      if (path !== 'my report.pdf') throw Object.assign(new Error('none'), { code: 'ENOENT' });
      return Buffer.from('%PDF-');
    },
    signal: leave.signal,
  });
  return {
    terminal,
    ended,
    type: (keys) => input.write(keys),
    async shows(text) {
      for (let tries = 0; tries < 400; tries += 1) {
        if (terminal.lines().join('\n').includes(text)) return;
        await sleep(10);
      }
      throw new Error(`“${text}” never appeared; the terminal shows:\n${terminal.lines().join('\n')}`);
    },
  };
}

async function say(...all: Delivered[]): Promise<void> {
  for (const { content, about } of all) await house.deliver(content, about);
}

/** Says hello and waits for the answer: the chat is then open and listens. */
async function greet(chat: OpenChat): Promise<void> {
  house.onMessage = (_message, turnId) => say(answerOf(turnId, 'Welcome.'));
  chat.type('hello\r');
  await chat.shows('Welcome.');
}

test('a message is echoed, answered as it grows, and the answer stays', async () => {
  const chat = openChat();
  await greet(chat);
  house.onMessage = async (_message, turnId) => {
    house.draft(turnId, 'The sum of');
    await chat.shows('The sum of');
    await say(answerOf(turnId, 'The sum of the primes is **639**.'));
  };
  chat.type('sum?\r');
  await chat.shows('The sum of the primes is 639.');
  await sleep(60);
  expect(chat.terminal.lines()).toEqual([
    'Say what you want done, or type /start for a tour of two minutes.',
    '',
    '› hello',
    '',
    'Welcome.',
    '',
    '› sum?',
    '',
    'The sum of the primes is 639.',
    '›',
  ]);
});

test('the main job: task line redrawn in place, question framed, answered by typing, result', async () => {
  const chat = openChat();
  await greet(chat);
  house.onMessage = async (message, turnId) => {
    if (message.text.startsWith('/approve')) {
      const about = { kind: 'command' as const, turnId };
      await say({ content: { kind: 'text', markdown: 'Approved.' }, about });
      await say(approvalCardOf('A7K2', 'T-1', 'approved'), resultOf('T-1', 'succeeded', 'It is gone.'));
      return say(taskCardOf('T-1', 'succeeded', 'done'));
    }
    await say(answerOf(turnId, 'Started T-1.', ['T-1']));
    for (let step = 1; step <= 40; step += 1) await say(taskCardOf('T-1', 'running', `doing ${step}`));
    return say(approvalCardOf('A7K2', 'T-1'));
  };
  chat.type('delete it\r');
  await chat.shows('/approve A7K2  Once');
  chat.type('/approve A7K2\r');
  await chat.shows('✓ T-1 Make a CSV · done');
  const lines = chat.terminal.lines();
  expect(lines.filter((line) => line.includes('doing'))).toEqual([]);
  expect(lines.filter((line) => line.startsWith('╭'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('Approved (once)'))).toHaveLength(1);
  expect(house.received.at(-1)?.text).toBe('/approve A7K2');
});

test('a person types on while tasks are redrawn, and the text stays whole', async () => {
  const chat = openChat();
  await greet(chat);
  house.onMessage = () => undefined;
  for (const [index, letter] of [...'half a thought'].entries()) {
    chat.type(letter);
    await say(taskCardOf('T-1', 'running', `doing ${index}`));
    await sleep(5);
  }
  await chat.shows('› half a thought');
  await chat.shows('▶ T-1 Make a CSV · doing 13');
  chat.type('\r');
  await sleep(50);
  expect(house.received.at(-1)?.text).toBe('half a thought');
});

test('a pasted text of several lines is one message', async () => {
  const chat = openChat();
  await greet(chat);
  chat.type('\u001b[200~first\rsecond\u001b[201~');
  chat.type('\r');
  await chat.shows('  second');
  await sleep(50);
  expect(house.received.map((message) => message.text)).toEqual(['hello', 'first\nsecond']);
});

test('a refused message shows the sentence', async () => {
  const chat = openChat();
  await greet(chat);
  house.refuseMessages = { kind: 'refused', failure: { code: 'message-too-long' } };
  chat.type('x\r');
  await chat.shows('The message is longer than 64,000 characters.');
});

test('it opens with what was said last, what runs and what waits', async () => {
  house.tasks.set('T-1', sampleTask());
  house.approvals.set('A7K2', sampleApproval({ call: { ...sampleApproval().call, task: 'T-2' } }));
  const base = { conversationId: 'conversation-main', taskId: null, attachments: [], at: new Date() };
  const origin = { kind: 'owner', person: 'owner' } as const;
  house.messages.push(
    { ...base, sequence: 1, turnId: 'turn-0', role: 'user', origin, text: 'start it' },
    { ...base, sequence: 2, turnId: 'turn-0', role: 'assistant', origin, text: 'Started **T-1**.' },
  );
  await say(taskCardOf('T-1', 'running'), approvalCardOf('A7K2', 'T-2'), taskCardOf('T-8', 'running'));
  await say(answerOf('turn-0', 'Started **T-1**.', ['T-1']));
  await house.deliver(
    { kind: 'text', markdown: 'of another' },
    { kind: 'notice' },
    { conversation: 'other' },
  );
  const chat = openChat();
  await chat.shows('/cancel T-1');
  const lines = chat.terminal.lines();
  expect(lines.slice(0, 5)).toEqual(['', '› start it', '', 'Started T-1.', '']);
  expect(lines[5]).toBe('╭ ? T-2 asks: Delete 1 file: T-1/primes.csv');
  expect(lines.slice(-3)).toEqual([
    '▶ T-1 Make a CSV · running a command · 4 s · /cancel T-1',
    '? T-2 asks: Delete 1 file: T-1/primes.csv · /approve A7K2 or /deny A7K2',
    '›',
  ]);
});

test('what is typed before it has opened is shown once, below what was said before', async () => {
  const base = { conversationId: 'conversation-main', taskId: null, attachments: [], at: new Date() };
  const origin = { kind: 'owner', person: 'owner' } as const;
  house.messages.push({ ...base, sequence: 1, turnId: 'turn-0', role: 'user', origin, text: 'earlier' });
  house.onMessage = ({ text }, turnId) => {
    house.messages.push({ ...base, sequence: 2, turnId, role: 'user', origin, text });
  };
  const chat = openChat();
  chat.type('typed ahead\r');
  await chat.shows('› typed ahead');
  await sleep(100);
  const own = chat.terminal.lines().filter((line) => line.startsWith('› '));
  expect(own).toEqual(['› earlier', '› typed ahead']);
});

test('a lost connection is told, resumed, and nothing is missed', async () => {
  const chat = openChat();
  await greet(chat);
  await house.stop();
  await chat.shows('Connection to Reeve lost; trying again.');
  await say(answerOf('turn-7', 'Said while nobody listened.'));
  await house.resume();
  await chat.shows('Connected again.');
  await chat.shows('Said while nobody listened.');
  expect(chat.terminal.lines().filter((line) => line === 'Welcome.')).toHaveLength(1);
});

test('a message typed while Reeve is away is sent when it is back', async () => {
  const chat = openChat();
  await greet(chat);
  await house.stop();
  chat.type('are you there?\r');
  await sleep(300);
  await house.resume();
  for (let tries = 0; house.received.length < 2 && tries < 300; tries += 1) await sleep(10);
  expect(house.received.map((message) => message.text)).toEqual(['hello', 'are you there?']);
});

test('Ctrl-C twice, Ctrl-D and /quit leave; once says how', async () => {
  const twice = openChat();
  twice.type('\u0003');
  await twice.shows('Ctrl-C once more leaves');
  twice.type('\u0003');
  await twice.ended;
  const end = openChat();
  end.type('\u0004');
  await end.ended;
  const quit = openChat();
  quit.type('/quit\r');
  await quit.ended;
  expect(house.received).toEqual([]);
});

test('a token that is refused ends it with the sentence', async () => {
  await expect(openChat({ token: 'wrong' }).ended).rejects.toThrow('The request carries no valid token.');
});

test('it gives the terminal back: no block, no bracketed paste, cursor shown', async () => {
  const chat = openChat();
  await greet(chat);
  chat.type('/quit\r');
  await chat.ended;
  const raw = chat.terminal.raw();
  expect(raw.lastIndexOf('\u001b[?2004l')).toBeGreaterThan(raw.lastIndexOf('\u001b[?2004h'));
  expect(raw.lastIndexOf('\u001b[?25h')).toBeGreaterThan(raw.lastIndexOf('\u001b[?25l'));
  expect(chat.terminal.lines().at(-1)).toBe('');
});

test('without colours it writes none; with them it does', async () => {
  const plain = openChat();
  await greet(plain);
  expect(plain.terminal.raw()).not.toContain(ACCENT);
  const coloured = openChat({ colour: true });
  await greet(coloured);
  expect(coloured.terminal.raw()).toContain(ACCENT);
});

test('it redraws at the new width when the terminal is resized', async () => {
  const chat = openChat();
  await greet(chat);
  await say(taskCardOf('T-1', 'running'));
  await chat.shows('/cancel T-1');
  chat.terminal.stream.columns = 40;
  chat.terminal.stream.emit('resize');
  await chat.shows('▶ T-1 Make a CSV · running a command ·…');
});

test('the time of a running task goes on by itself', async () => {
  const chat = openChat();
  await greet(chat);
  house.tasks.set('T-1', sampleTask({ startedAt: new Date(Date.now() - 60_000) }));
  await say(taskCardOf('T-1', 'running'));
  await chat.shows('running a command · 1 min 1 s · /cancel T-1');
  await chat.shows('running a command · 1 min 2 s · /cancel T-1');
});

test('/attach hands a file over and sends it with its words, or says why not', async () => {
  const chat = openChat();
  await greet(chat);
  const received: unknown[] = [];
  house.onMessage = async ({ text, attachments }, turnId) => {
    received.push({ text, attachments });
    await say(answerOf(turnId, 'It is short.'));
  };
  chat.type('/attach other.pdf\r');
  await chat.shows('other.pdf was not attached, and nothing was sent: there is none of that name.');
  chat.type('/attach papers\r');
  await chat.shows('papers was not attached, and nothing was sent: it is a folder');
  chat.type('/attach "my report.pdf" what is it?\r');
  await chat.shows('It is short.');
  expect(received).toEqual([{ text: 'what is it?', attachments: ['uploads/my report.pdf'] }]);
});
