import type { EffectResult } from '@reeve/core';
import { readPktLine } from './pkt-line.ts';
import type { PushCommand } from './push-commands.ts';

/** The remote has not said of each ref what came of it. */
const UNKNOWN: EffectResult = { ok: null, content: 'the remote has not said what came of each ref' };

/** The band of a multiplexed answer that carries the report. */
const REPORT_BAND = 1;

/** Reads what the remote says of a push (`report-status`, with or without bands around it). */
export function readPushReport(answer: Buffer, commands: readonly PushCommand[]): EffectResult {
  const lines = linesOf(answer);
  const [first] = lines ?? [];
  const isBanded = first !== undefined && [1, 2, 3].includes(first[0] ?? 0);
  const report = isBanded ? linesOf(bandOf(lines ?? [])) : lines;
  const texts = (report ?? []).map((line) => line.toString('utf8').replace(/\n$/, ''));
  const [unpack, ...rest] = texts;
  if (unpack === undefined || !unpack.startsWith('unpack ')) return UNKNOWN;
  const outcomes = commands.map(({ ref }) => outcomeOf(ref, rest));
  if (outcomes.some((outcome) => outcome === null)) return UNKNOWN;
  const ok = unpack === 'unpack ok' && outcomes.every((outcome) => outcome === 'ok');
  const said = commands.map(({ ref }, index) =>
    outcomes[index] === 'ok' ? `The remote took ${ref}.` : `The remote refused ${ref}: ${outcomes[index]}.`,
  );
  const problem =
    unpack === 'unpack ok' ? [] : [`The remote could not read the pack: ${unpack.slice(7, 300)}.`];
  return { ok, content: [...said, ...problem].join(' ') };
}

function outcomeOf(ref: string, lines: readonly string[]): string | null {
  if (lines.includes(`ok ${ref}`)) return 'ok';
  const refusal = lines.find((line) => line.startsWith(`ng ${ref} `));
  return refusal === undefined ? null : refusal.slice(`ng ${ref} `.length).slice(0, 300);
}

/** The lines up to the flush that ends them; null when they are cut off or none. */
function linesOf(bytes: Buffer): Buffer[] | null {
  const lines: Buffer[] = [];
  for (let offset = 0; ; ) {
    const line = readPktLine(bytes, offset);
    if (line.kind === 'flush') return lines;
    if (line.kind !== 'data') return null;
    lines.push(line.bytes);
    offset = line.end;
  }
}

function bandOf(lines: readonly Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => (line[0] === REPORT_BAND ? [line.subarray(1)] : [])));
}
