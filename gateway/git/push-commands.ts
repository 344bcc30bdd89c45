import { type GitPush, gitRefSchema } from '@reeve/core';
import { readPktLine } from './pkt-line.ts';

/** One command of a push as it stands in the request. */
export interface PushCommand {
  readonly ref: string;
  readonly old: string;
  readonly new: string;
}

export type PushHead =
  /** `section` is the bytes up to and with the flush; `rest` is where the pack begins. */
  | {
      readonly kind: 'commands';
      readonly commands: readonly PushCommand[];
      readonly section: Buffer;
      readonly rest: Buffer;
    }
  /** Nothing but a flush: Git asks so whether it may push at all before it sends a large pack. */
  | { readonly kind: 'probe' }
  /** `reason` is a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };

const MOST_SECTION_BYTES = 64 * 1024;
const COMMAND = /^(?<old>[0-9a-f]{40}|[0-9a-f]{64}) (?<new>[0-9a-f]{40}|[0-9a-f]{64}) (?<ref>[^\0\n]+)$/;
/** Without a report nobody could say what came of the push. */
const REPORTS = ['report-status', 'report-status-v2'];
/** What these bring along the owner was not shown. */
const UNSHOWN = /^(?:push-cert(?:=.*)?|push-options)$/;

/** Reads the commands of a push and not one byte of its pack; whatever is not plainly commands is refused. */
export async function readPushHead(body: AsyncIterator<Buffer>): Promise<PushHead> {
  let held = Buffer.alloc(0);
  let offset = 0;
  const lines: Buffer[] = [];
  for (;;) {
    const line = readPktLine(held, offset);
    if (line.kind === 'bad') return refused('its commands are not in Git’s format');
    if (line.kind === 'flush') {
      const rest = held.subarray(line.end);
      return headOf(lines, held.subarray(0, line.end), rest);
    }
    if (line.kind === 'data') {
      lines.push(line.bytes);
      offset = line.end;
      continue;
    }
    if (held.length > MOST_SECTION_BYTES) return refused('its commands are too long');
    const next = await body.next();
    if (next.done === true) return refused('it ended before its commands did');
    held = Buffer.concat([held, next.value]);
  }
}

function headOf(lines: readonly Buffer[], section: Buffer, rest: Buffer): PushHead {
  if (lines.length === 0)
    return rest.length === 0 ? { kind: 'probe' } : refused('a pack without commands makes no sense');
  const texts = textsOf(lines);
  if (texts === null) return refused('a ref has a name that is not UTF-8');
  const [first = '', ...others] = texts.filter((text) => !/^shallow [0-9a-f]{40,64}$/.test(text));
  const [command = '', capabilities = ''] = first.split('\0', 2);
  const wanted = capabilities.split(' ').filter((word) => word !== '');
  if (wanted.some((word) => UNSHOWN.test(word)))
    return refused('signed pushes and push options are not carried');
  if (!wanted.some((word) => REPORTS.includes(word))) return refused('it wants no report of what came of it');
  const commands: PushCommand[] = [];
  for (const text of [command, ...others]) {
    const found = COMMAND.exec(text)?.groups;
    const ref = gitRefSchema.safeParse(found?.['ref']);
    if (!found || !ref.success) return refused('one of its commands is none');
    commands.push({ old: found['old'] ?? '', new: found['new'] ?? '', ref: ref.data });
  }
  return { kind: 'commands', commands, section, rest };
}

/** The lines without their ends; null when one is not UTF-8, and would be read as another than it is. */
function textsOf(lines: readonly Buffer[]): string[] | null {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    return lines.map((line) => utf8.decode(line).replace(/\n$/, ''));
  } catch {
    return null;
  }
}

/** Whether a push asks for exactly what was permitted: the same refs, each from the same id to the same id. */
export function isPermitted(
  commands: readonly PushCommand[],
  { updates }: Pick<GitPush, 'updates'>,
): boolean {
  const textOf = (command: PushCommand) => `${command.old} ${command.new} ${command.ref}`;
  const permitted = new Set(updates.map(textOf));
  const asked = new Set(commands.map(textOf));
  return (
    commands.length === updates.length &&
    asked.size === commands.length &&
    [...asked].every((text) => permitted.has(text))
  );
}

function refused(reason: string): PushHead {
  return { kind: 'refused', reason: `Not pushed: ${reason}.` };
}
