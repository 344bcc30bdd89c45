import { UserError } from '../user-error.ts';

/** One finding of the doctor. Ids are stable: scripts may rely on them. */
export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly observed: string;
  readonly expected: string;
  /** One thing to do; null when all is well. */
  readonly fix: string | null;
}

/** A check that looks at one thing; what it throws becomes a failed finding, with the fix that the error names. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly expected: string;
  /** What to do when it fails or cannot look. */
  readonly fix: string;
  run(): Promise<{ readonly state: Finding['state']; readonly observed: string; readonly fix?: string }>;
}

export async function runCheck(check: Check): Promise<Finding> {
  const { id, title, expected } = check;
  try {
    const { state, observed, fix } = await check.run();
    return { id, title, state, observed, expected, fix: state === 'ok' ? null : (fix ?? check.fix) };
  } catch (error) {
    return {
      id,
      title,
      state: 'failed',
      observed: error instanceof Error ? error.message : String(error),
      expected,
      fix: error instanceof UserError ? error.fix : check.fix,
    };
  }
}
