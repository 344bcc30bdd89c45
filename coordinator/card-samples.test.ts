import type { About, Card, Tour } from '@reeve/core';
import { expect, it } from 'vitest';
import { approvalCardEntry } from './approval-card.ts';
import { taskCardEntry } from './task-card.ts';
import { later, NOW, sampleApproval, sampleScheduling, sampleTask } from './testing/samples.ts';
import { answeredCard, stepCard, tourEntry } from './tour-cards.ts';

const conversation = { id: 'c', chat: { channel: 'http', externalId: 'main' }, createdAt: NOW };
const task = (more: Parameters<typeof sampleTask>[0], footnote: string | null = null) =>
  taskCardEntry(sampleTask(more), conversation, 'id', NOW, footnote);
const question = (more: Parameters<typeof sampleApproval>[0]) =>
  approvalCardEntry(sampleApproval(more), conversation, 'id', 'Europe/Berlin');
const letter = {
  task: 'T-3',
  callId: 's4.1',
  tool: 'http.fetch',
  arguments: {
    method: 'POST',
    url: 'https://api.example.com/letters?to=ben',
    headers: { 'content-type': 'text/plain' },
    body: `Dear Ben,\n${'I write to you again about the boiler in the cellar.\n'.repeat(40)}`,
    secrets: ['MAIL_KEY'],
  },
} as const;

const tour: Tour = {
  channel: 'http',
  person: 'owner',
  conversationId: 'c',
  entry: '0199-ab',
  step: 'first-job',
  task: null,
  firstTask: null,
  at: NOW,
};
const AROUND = { timeZone: 'Europe/Berlin', hears: false, sees: true };

/** Cards of each kind and state as people meet them; each channel renders all of them (`card-samples.json`). */
const SAMPLES = {
  'a task that runs': task(
    { steps: 2, activity: 'running a command' },
    '1 question: 1 yes · change · 1,984 of 2,000,000 tokens, about $0.02',
  ),
  'a task that waits': task({ state: 'waiting', waitingFor: 'approval', steps: 4 }),
  'a task that is done': task({ state: 'succeeded', endedAt: later(60_000) }),
  'a task that failed': task({ state: 'failed', endedAt: later(60_000) }),
  'a question about something destructive': question({}),
  'a question about a change': question({
    tier: 'change',
    call: {
      task: 'T-3',
      callId: 's1.1',
      tool: 'files.put',
      arguments: { path: 'a\u202e.csv', bytes: 2500, sha256: 'new', replaces: 'old' },
    },
    reason: 'the numbers are newer',
    origin: { kind: 'untrusted', source: 'an email from x@y.example' },
  }),
  'a question about a schedule': question({
    tier: 'change',
    call: sampleScheduling,
    reason: 'You said so.',
  }),
  'a question with a long letter': question({ call: letter, digest: 'c0ffee'.repeat(10) }),
  'a question whether something happened': question({
    call: letter,
    question: 'outcome',
    reason: 'The connection was cut before an answer came.',
  }),
  'a question that was answered': question({
    state: 'approved',
    decidedBy: 'Ada',
    decidedAt: NOW,
    scope: 'once',
  }),
  'a question that was denied': question({
    state: 'denied',
    decidedBy: 'Ada',
    decidedAt: NOW,
    note: 'keep it',
  }),
  'a step of the tour': tourEntry('id', conversation, stepCard(tour, 'first-job', AROUND)),
  'a step of the tour that was answered': tourEntry(
    'id',
    conversation,
    answeredCard(tour, 'tone', 'Tone: warm.'),
  ),
} as const;

it('makes the cards that every channel is held against; `vitest -u` writes them anew', async () => {
  const samples = Object.entries(SAMPLES).map(([name, { about, content }]) => {
    if (content.kind !== 'card') throw new Error(`${name} is no card`);
    return { name, about: about satisfies About, card: content.card satisfies Card };
  });
  await expect(`${JSON.stringify(samples, null, 2)}\n`).toMatchFileSnapshot(
    '../core/testing/card-samples.json',
  );
});
