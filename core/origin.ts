import * as z from 'zod/mini';

/**
 * Where a piece of content or a request came from. It decides what the content may cause: only `owner` inherits
 * the owner's standing grants (security.md).
 */
export const originSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('owner'), person: z.string() }),
  z.strictObject({ kind: z.literal('member'), person: z.string() }),
  z.strictObject({ kind: z.literal('agent') }),
  z.strictObject({ kind: z.literal('schedule'), schedule: z.string() }),
  z.strictObject({ kind: z.literal('untrusted'), source: z.string() }),
]);

export type Origin = z.infer<typeof originSchema>;

/**
 * What a task has read. `untrusted`: text from outside, such as a web page. `private`: the owner's files, and what is read
 * by their secrets or in their network.
 */
export interface SeenContent {
  readonly untrusted: boolean;
  readonly private: boolean;
}

/** The origin in words, as approval cards and `/why` show it. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'owner':
      return 'you';
    case 'member':
      return `${origin.person} (member)`;
    case 'agent':
      return 'the agent itself';
    case 'schedule':
      return `the schedule “${origin.schedule}”`;
    case 'untrusted':
      return `${origin.source} (untrusted)`;
  }
}
