import type { Step, StepBody, Store } from '@reeve/core';
import { expect, it } from 'vitest';
import { NOW, sampleTask } from './testing/samples.ts';
import { whyText } from './why.ts';

const shell = (command: string): Step[] => {
  const bodies: StepBody[] = [
    { kind: 'intent', callId: 's1.1', tool: 'shell.run', arguments: { command } },
    {
      kind: 'result',
      callId: 's1.1',
      tool: 'shell.run',
      ok: true,
      content: 'exit code 0',
      activity: 'ran “counts the words”',
      durationMs: 1000,
    },
  ];
  return bodies.map((body, index) => ({ seq: index + 2, attempt: 1, at: NOW.toISOString(), body }));
};

function why(steps: readonly Step[]): Promise<string | null> {
  const store = {
    tasks: { get: async () => sampleTask() },
    steps: { list: async () => steps },
    approvals: { forTask: async () => [] },
    audit: { about: async () => [] },
  } as unknown as Store;
  return whyText(store, 'T-3', 'UTC');
}

it('shows the command that ran, not only what its first comment calls it', async () => {
  const text = await why(shell('# counts the words\nrm -rf ~/\u202eeverything'));
  expect(text).toContain('3. ✓ ran “counts the words” (1 s)');
  expect(text).toContain('        # counts the words\n        rm -rf ~/⟨U+202E⟩everything\n');
});

it('says how much of a long command it leaves out', async () => {
  expect(await why(shell('x'.repeat(1000)))).toContain('… (400 more characters)');
});
