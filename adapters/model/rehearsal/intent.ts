import type { NumberList } from './number-list.ts';

/** Work that a sandboxed worker can do. A null path is “it”: the file last spoken of. */
export type Job =
  | { readonly kind: 'run'; readonly command: string }
  | {
      readonly kind: 'write';
      readonly path: string | null;
      readonly content: string;
      readonly mode: WriteMode;
    }
  | { readonly kind: 'read'; readonly path: string | null }
  | { readonly kind: 'delete'; readonly path: string | null }
  | { readonly kind: 'list' }
  | { readonly kind: 'work'; readonly seconds: number }
  | { readonly kind: 'calculate'; readonly expression: string }
  | { readonly kind: 'numbers'; readonly list: NumberList }
  | { readonly kind: 'clock'; readonly timeZone: string | null }
  /** One GET request through the gateway. */
  | { readonly kind: 'fetch'; readonly url: string }
  /** Ask that commands may reach a host. */
  | { readonly kind: 'open-host'; readonly host: string; readonly port: number }
  /** Have a job start by itself, each in the person's own words. */
  | { readonly kind: 'schedule'; readonly when: string; readonly goal: string; readonly title: string }
  /** One after the other, in one task. */
  | { readonly kind: 'steps'; readonly jobs: readonly Job[] };

/** `replace` and `append` change a file that the owner has; `create` makes a new one. */
export type WriteMode = 'create' | 'replace' | 'append';

/** A job in the person's own words. */
export interface WordedJob {
  readonly words: string;
  readonly job: Job;
}

export type TaskTarget = { readonly task: string } | 'all' | 'newest';
export type TalkTopic = 'greeting' | 'thanks' | 'wellbeing' | 'identity' | 'help' | 'farewell' | 'praise';

/** What a message asks for, as far as a fixed grammar can tell. */
export type Intent =
  | { readonly kind: 'job'; readonly job: Job; readonly words: string }
  | { readonly kind: 'several'; readonly jobs: readonly WordedJob[] }
  | { readonly kind: 'control'; readonly act: 'cancel' | 'pause' | 'resume'; readonly target: TaskTarget }
  | { readonly kind: 'steer'; readonly task: string; readonly text: string }
  | { readonly kind: 'inspect'; readonly task: string }
  | { readonly kind: 'status' }
  | { readonly kind: 'decide' }
  | { readonly kind: 'talk'; readonly topic: TalkTopic }
  /** `because` says what stood in the way, when there is more to say than that nothing fits. */
  | { readonly kind: 'unclear'; readonly because: string | null };
