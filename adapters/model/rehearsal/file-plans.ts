import { showHiddenInLine } from '@reeve/core';
import { isDocument, readDocument } from './document-plan.ts';
import { rawName } from './file-names.ts';
import {
  baseName,
  didSucceed,
  isRefusal,
  type JobContext,
  type JobPlan,
  nameless,
  refused,
  store,
  use,
} from './job-steps.ts';
import { shellQuoted } from './number-script.ts';
import { quoted } from './wording.ts';

type FoundFile =
  /** The path as the tools take it, and as people see it. */
  | { readonly kind: 'path'; readonly path: string; readonly name: string }
  /** `text` says why, for the person. */
  | { readonly kind: 'none'; readonly text: string };

/** A line of the listing, with the path as it is shown there. */
interface Entry {
  readonly path: string;
  readonly bytes: string;
  readonly modifiedAt: string;
}

/**
 * The owner's file that a name means: the very path, else the newest file of that name in any folder; null means “it”,
 * the file last spoken of. Looked up, never guessed.
 */
function* findFile(name: string | null, context: JobContext): JobPlan<FoundFile> {
  const wanted = name ?? context.lastFile;
  if (wanted === null) return { kind: 'none', text: nameless().text };
  const { content } = yield* use('files_list', { prefix: '' });
  const entries = entriesIn(content);
  const plain = showHiddenInLine(wanted).replace(/^\.?\/+/, '');
  const candidates = entries.filter(({ path }) => path === plain);
  const namesakes = plain.includes('/') ? [] : entries.filter(({ path }) => path.endsWith(`/${plain}`));
  const [found] = candidates.length > 0 ? candidates : namesakes.sort(byNewest);
  if (found) return { kind: 'path', path: rawName(found.path), name: found.path };
  const known =
    entries.length === 0
      ? 'There are none.'
      : `There are: ${entries
          .slice(0, 20)
          .map(({ path }) => path)
          .join(', ')}.`;
  if (isRefusal(content))
    return { kind: 'none', text: `I could not look among your files. ${content.slice(0, 300)}` };
  return { kind: 'none', text: `There is no ${showHiddenInLine(wanted)} among your files. ${known}` };
}

function byNewest(left: Entry, right: Entry): number {
  return right.modifiedAt.localeCompare(left.modifiedAt);
}

/** Lines of `files.list`: `T-1/primes.csv (61 bytes, 2026-11-21T09:00:00.000Z)`. */
function entriesIn(content: string): Entry[] {
  return content.split('\n').flatMap((line) => {
    const match = /^(?<path>.+) \((?<bytes>\d+) bytes, (?<modifiedAt>[^()]+)\)$/.exec(line);
    const { path, bytes, modifiedAt } = match?.groups ?? {};
    return path && bytes && modifiedAt ? [{ path, bytes, modifiedAt }] : [];
  });
}

export function* createFile(
  { path, content }: { path: string | null; content: string },
  context: JobContext,
): JobPlan {
  const wanted = path ?? context.lastFile;
  if (wanted === null) return nameless();
  const name = rawName(wanted);
  const scratch = baseName(name);
  const written = yield* use('file_write', { path: scratch, content });
  if (!written.content.startsWith('Wrote '))
    return refused(written, `did not write ${showHiddenInLine(name)}`);
  return yield* store(scratch, name.includes('/') ? name : null, context);
}

export function* changeFile(
  { path, content, mode }: { path: string | null; content: string; mode: string },
  context: JobContext,
): JobPlan {
  const found = yield* findFile(path, context);
  if (found.kind === 'none') return { ok: false, text: `${found.text} Nothing was changed.` };
  const { name } = found;
  const scratch = baseName(found.path);
  if (mode === 'append') {
    const fetched = yield* use('files_get', { path: found.path, to: scratch });
    if (!fetched.content.startsWith('Copied ')) return refused(fetched, `did not change ${name}`);
    const added = yield* use('shell_run', {
      command: `printf '%s\\n' ${shellQuoted(content)} >> ${shellQuoted(scratch)}`,
      timeout_seconds: 60,
    });
    if (!didSucceed(added.content)) return refused(added, `did not change ${name}`);
  } else {
    const written = yield* use('file_write', { path: scratch, content });
    if (!written.content.startsWith('Wrote ')) return refused(written, `did not change ${name}`);
  }
  return yield* store(scratch, found.path, context);
}

export function* readFile(path: string | null, context: JobContext): JobPlan {
  const found = yield* findFile(path, context);
  if (found.kind === 'none') {
    const scratch = path !== null && context.hasRun ? yield* use('file_read', { path }) : null;
    if (path === null || !scratch || isRefusal(scratch.content)) return { ok: false, text: found.text };
    return {
      ok: true,
      text: `${path} in scratch holds:\n${quoted(scratch.content, wholeSize(scratch.content))}`,
    };
  }
  const { name } = found;
  const scratch = baseName(found.path);
  const fetched = yield* use('files_get', { path: found.path, to: scratch });
  if (!fetched.content.startsWith('Copied ')) return refused(fetched, `did not read ${name}`);
  const { content } = yield* use('file_read', { path: scratch });
  context.lastFile = found.path;
  if (isDocument(content)) return yield* readDocument(scratch, name);
  return {
    ok: true,
    text: content === '' ? `${name} is empty.` : `${name} holds:\n${quoted(content, wholeSize(content))}`,
  };
}

export function* deleteFile(path: string | null, context: JobContext): JobPlan {
  const found = yield* findFile(path, context);
  if (found.kind === 'none') return { ok: false, text: `${found.text} Nothing was deleted.` };
  const result = yield* use('files_delete', { path: found.path, reason: 'The owner asked for it.' });
  return result.content.startsWith('Deleted ')
    ? { ok: true, text: result.content }
    : refused(result, `did not delete ${found.name}`);
}

/** The size of a file of which only a part was read, as the tool tells it at the end. */
function wholeSize(content: string): string | undefined {
  const bytes = /\n\[bytes \d+ to \d+ of (?<bytes>\d+); [^\]]*\]$/.exec(content)?.groups?.['bytes'];
  return bytes === undefined ? undefined : `${Number(bytes).toLocaleString('en-US')} bytes`;
}

export function* listFiles(): JobPlan {
  const { content } = yield* use('files_list', { prefix: '' });
  const entries = entriesIn(content);
  if (isRefusal(content)) return refused({ content, wasInterrupted: false }, 'could not list your files');
  if (entries.length === 0) return { ok: true, text: 'You have no files yet.' };
  const lines = entries.map(({ path, bytes }) => `- ${path} (${bytes} bytes)`);
  return { ok: true, text: `Your files:\n${lines.join('\n')}` };
}
