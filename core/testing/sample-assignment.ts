import type { Assignment } from '../link.ts';
import { executorTools } from '../tool-parameters.ts';

const TOOLS = executorTools({ webSearch: false });

/** An assignment of a first attempt, changed as the test wants. */
export function sampleAssignment(patch: Partial<Assignment> = {}): Assignment {
  return {
    token: 'token',
    task: {
      id: 'T-3',
      title: 'Make a CSV',
      goal: 'Make a CSV of primes',
      origin: { kind: 'owner', person: 'owner' },
      capabilities: [],
      deadline: '2100-01-01T00:00:00.000Z',
      timeZone: 'UTC',
    },
    attempt: 1,
    steps: [],
    inputs: [],
    tools: [...TOOLS],
    secrets: [],
    snapshot: null,
    ...patch,
  };
}
