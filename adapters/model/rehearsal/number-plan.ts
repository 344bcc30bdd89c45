import {
  didSucceed,
  isRefusal,
  type JobContext,
  type JobPlan,
  LONGEST_COMMAND,
  refused,
  store,
  use,
} from './job-steps.ts';
import { describeList, type NumberList } from './number-list.ts';
import { checkScript, listScript } from './number-script.ts';
import { quoted } from './wording.ts';

/** What reading the CSV back has shown. */
interface Checked {
  readonly count: string;
  readonly sum: string;
  readonly largest: string;
}

/**
 * Computes a list in the sandbox, reads the file back, stores it when one was asked for, and tells the figures that
 * the second command printed; nothing here knows a prime.
 */
export function* doNumbers(list: NumberList, context: JobContext): JobPlan {
  const wanted = list.file?.split('/').at(-1) ?? 'numbers.csv';
  const file = wanted === '' ? 'numbers.csv' : wanted;
  const made = yield* use('shell_run', { command: listScript(list, file), timeout_seconds: LONGEST_COMMAND });
  if (!didSucceed(made.content)) return refused(made, `could not compute the ${describeList(list)}`);
  const read = yield* use('shell_run', { command: checkScript(file), timeout_seconds: LONGEST_COMMAND });
  const checked = readChecked(read.content);
  if (!checked) return refused(read, `could not check the ${describeList(list)}`);
  const lines = [yield* figures(list, checked)];
  if (list.wants.includes('list')) {
    const { content } = yield* use('file_read', { path: file });
    if (!isRefusal(content)) lines.push(quoted(content));
  }
  if (list.file === null) return { ok: true, text: lines.join('\n') };
  const stored = yield* store(file, list.file.includes('/') ? list.file : null, context);
  lines.push(stored.text);
  return { ok: stored.ok, text: lines.join('\n') };
}

function* figures(list: NumberList, { count, sum, largest }: Checked): JobPlan<string> {
  const what = describeList(list);
  if (count === '0') return `There are no ${what}.`;
  const wished = 'first' in list.size ? String(list.size.first) : count;
  const said = [`The sum of ${count === wished ? `the ${what}` : `these ${count}`} is ${sum}`];
  if (list.wants.includes('average')) {
    const { content } = yield* use('calculator', { expression: `${sum} / ${count}` });
    said.push(
      isRefusal(content) ? `their average could not be calculated (${content})` : `their average ${content}`,
    );
  }
  if (list.wants.includes('largest')) said.push(`the largest ${largest}`);
  const lacks = count === wished ? '' : `Only ${count} of the ${what} were made. `;
  const counted = 'first' in list.size ? '' : ` (${count} of them)`;
  return `${lacks}${said.join(', ')}${counted}.`;
}

function readChecked(content: string): Checked | null {
  if (!didSucceed(content)) return null;
  const match = /^count=(?<count>\d+) sum=(?<sum>\d+) largest=(?<largest>\d+)$/m.exec(content);
  const { count, sum, largest } = match?.groups ?? {};
  return count && sum && largest ? { count, sum, largest } : null;
}
