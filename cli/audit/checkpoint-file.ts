import { appendFile, readFile } from 'node:fs/promises';
import type { AuditAnchor, AuditCheckpoints } from '@reeve/core';
import { z } from 'zod';
import { UserError } from '../user-error.ts';

const lineSchema = z.object({ at: z.string(), sequence: z.number().int(), hash: z.string() });

/** Heads of the audit chain in a file that only grows, one JSON line each. */
export function createCheckpointFile(file: string): AuditCheckpoints {
  return {
    note: ({ sequence, hash }, at) =>
      appendFile(file, `${JSON.stringify({ at: at.toISOString(), sequence, hash })}\n`, { mode: 0o600 }),
    async all() {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      });
      return text
        .split('\n')
        .flatMap((line, index, lines) => readLine(line, index === lines.length - 1, file));
    },
  };
}

/** The last line may be half written by a process that was killed. */
function readLine(line: string, isLast: boolean, file: string): AuditAnchor[] {
  if (line === '') return [];
  try {
    const { sequence, hash } = lineSchema.parse(JSON.parse(line));
    return [{ sequence, hash }];
  } catch {
    if (isLast) return [];
    throw new UserError(
      `The audit checkpoints in ${file} are damaged. Nothing was verified.`,
      'Restore the file from a backup.',
    );
  }
}
