import { shorten, showHidden, showHiddenInLine } from '@reeve/core';
import type { CapturedOutput } from '../shim/client.ts';
import type { ShimRefusal } from '../shim/connection.ts';
import { decodeOutput, decodeText } from '../shim/text.ts';
import type { Tool } from './tool.ts';
import type { ToolResult } from './tool-result.ts';

/** Bytes of each output channel that the model is shown; the middle of more is left out. */
const SHOWN_OUTPUT_BYTES = 16 * 1024;
const LIST_LIMIT = 500;
/** Of a name in a list. 500 names with every character escaped would be megabytes. */
const SHOWN_NAME = 200;

export const runShell: Tool<'shell.run'> = async (
  { command, timeout_seconds },
  { shim, scratch, signal },
) => {
  scratch.changed();
  const outcome = await shim.run({
    command,
    timeoutMs: timeout_seconds * 1000,
    maxOutputBytes: SHOWN_OUTPUT_BYTES,
    signal,
  });
  const label = labelOf(command);
  if (outcome.kind === 'refused') return refusal(outcome, `could not run ${label}`);
  const { exitCode, signal: killedBy, timedOut, stdout, stderr } = outcome.value;
  const ending = timedOut
    ? `killed after ${timeout_seconds} s`
    : exitCode === null
      ? `killed by ${killedBy ?? 'a signal'}`
      : `exit code ${exitCode}`;
  const ok = exitCode === 0 && !timedOut;
  return {
    ok,
    content: [ending, ...outputText('stdout', stdout), ...outputText('stderr', stderr)].join('\n'),
    activity: ok ? `ran ${label}` : `ran ${label}: ${ending}`,
  };
};

export const readScratchFile: Tool<'file.read'> = async ({ path, offset, max_bytes }, { shim, signal }) => {
  const name = showHiddenInLine(path);
  const outcome = await shim.readFile(path, { offset, maxBytes: max_bytes, signal });
  if (outcome.kind === 'refused') return refusal(outcome, `could not read ${name}`);
  const { bytes, totalBytes } = outcome.value;
  const { text, binary } = decodeText(bytes);
  const end = offset + bytes.length;
  const rest =
    end < totalBytes ? `\n[bytes ${offset} to ${end} of ${totalBytes}; read on with offset ${end}]` : '';
  const content = binary ? binaryText(bytes, totalBytes) : `${showHidden(text)}${rest}`;
  return { ok: true, content, activity: `read ${name}` };
};

function binaryText(bytes: Uint8Array, totalBytes: number): string {
  const isPdf = Buffer.from(bytes.subarray(0, 5)).toString('latin1') === '%PDF-';
  return `[binary file of ${totalBytes} bytes${isPdf ? ': a PDF; run pdftotext on it' : ''}]`;
}

export const writeScratchFile: Tool<'file.write'> = async ({ path, content }, { shim, scratch, signal }) => {
  scratch.changed();
  const name = showHiddenInLine(path);
  const outcome = await shim.writeFile(path, Buffer.from(content), signal);
  if (outcome.kind === 'refused') return refusal(outcome, `could not write ${name}`);
  return {
    ok: true,
    content: `Wrote ${name} (${outcome.value.bytes} bytes) in scratch.`,
    activity: `wrote ${name} (${outcome.value.bytes} bytes)`,
  };
};

export const listScratch: Tool<'file.list'> = async ({ path }, { shim, signal }) => {
  const outcome = await shim.list(path, { recursive: true, limit: LIST_LIMIT, signal });
  if (outcome.kind === 'refused') return refusal(outcome, `could not list ${showHiddenInLine(path)}`);
  const { entries, truncated } = outcome.value;
  const lines = entries.map(
    (entry) =>
      `${cutName(showHiddenInLine(entry.path))}${entry.kind === 'directory' ? '/' : ` (${entry.bytes} bytes)`}`,
  );
  if (truncated) lines.push(`[more than ${LIST_LIMIT} entries; list a folder instead]`);
  return {
    ok: true,
    content: lines.length === 0 ? '[empty]' : lines.join('\n'),
    activity: 'looked through its scratch files',
  };
};

/** The end of a name tells more than its beginning, which is that of its folder. */
function cutName(name: string): string {
  return name.length <= SHOWN_NAME
    ? name
    : `[too long: ${name.length} characters, ends in] ${name.slice(-SHOWN_NAME)}`;
}

/** How a command is called in one line: by the comment that it begins with, else by its beginning. */
function labelOf(command: string): string {
  const comment = /^\s*#(?!!)[ \t]*(?<words>\S[^\n]*)\n\s*\S/.exec(command)?.groups?.['words'];
  return comment === undefined ? `\`${shorten(command, 70)}\`` : `“${shorten(comment, 70)}”`;
}

function outputText(name: string, output: CapturedOutput): string[] {
  if (output.totalBytes === 0) return [];
  const { text, binary } = decodeOutput(output);
  return [`--- ${name} (${output.totalBytes} bytes)`, binary ? '[binary output]' : showHidden(text)];
}

/** A refusal of the sandbox as words for the model and one line for people. */
export function refusal({ code, detail }: ShimRefusal, activity: string): ToolResult {
  return { ok: false, content: `Not done (${code}): ${showHidden(detail)}`, activity };
}
