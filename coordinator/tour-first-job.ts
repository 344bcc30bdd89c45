import {
  type Failure,
  HEARD_NOTE,
  type InboxEntry,
  type ObjectStore,
  type Store,
  type StoredFile,
  shorten,
  showHiddenInLine,
} from '@reeve/core';
import { imageType, soundType } from './context/file-kinds.ts';
import { readStart } from './context/small-text.ts';
import { transcriptOf } from './recordings.ts';

/** A job that a step starts. */
export interface TourJob {
  readonly title: string;
  readonly goal: string;
  /** The owner's own words about it: hosts that they name may be read without a question. */
  readonly words: string;
}

/** What a message comes to that answers “what shall I start with?”. */
export type FirstJob =
  /** A worker reads it. */
  | { readonly kind: 'task'; readonly sentence: string; readonly job: TourJob }
  /** The model answers it in the chat, and its answer is the result. */
  | { readonly kind: 'answer' }
  /** Nothing can be done with it. */
  | { readonly kind: 'failed'; readonly failure: Failure };

type ReadingJob = Extract<FirstJob, { kind: 'task' }>;
type Said = Pick<InboxEntry, 'text' | 'attachments' | 'forwardedFrom'>;

/** A link may stand among this many words; with more, the message is a wish of its own. */
const WORDS_BY_LINK = 8;
const SHOWN_WORDS = 600;

/** True for what can be a first job at all: a link, something that came along, or something spoken. Looks nothing up. */
export function maybeFirstJob(said: Said): boolean {
  return said.attachments.length > 0 || said.text.endsWith(HEARD_NOTE) || linkIn(said) !== null;
}

/** What the message asks for, from its words and the first bytes of what came along; null for small talk. */
export async function firstJobIn(
  deps: {
    store: Pick<Store, 'files'>;
    objects: Pick<ObjectStore, 'get'>;
    /** Whether a model that sees images is set. */
    canSee: boolean;
  },
  said: Said,
): Promise<FirstJob | null> {
  if (said.attachments.length > 0) return filesJob(deps, said);
  if (said.text.endsWith(HEARD_NOTE)) return { kind: 'answer' };
  const link = linkIn(said);
  return link === null ? null : linkJob(link, said.text);
}

/** The one link of a message that says little else. What was passed on names no host that may be asked freely. */
function linkIn({ text, forwardedFrom }: Said): string | null {
  if (forwardedFrom !== undefined) return null;
  const words = text.trim().split(/\s+/);
  const links = words.flatMap((word) => {
    const link = word.replace(/^[<("'“]+|[>)"'”.,;!?]+$/g, '');
    return /^https?:\/\/\S+$/i.test(link) && URL.canParse(link) ? [link] : [];
  });
  return links.length === 1 && words.length <= WORDS_BY_LINK + 1 ? (links[0] ?? null) : null;
}

/** A worker's job of reading a page. `text` is all that was said. */
export function linkJob(link: string, text: string): ReadingJob {
  const about = shorten(showHiddenInLine(link), 60);
  const own = text.trim() === link ? '' : ownWords(text);
  return {
    kind: 'task',
    sentence: `Reading ${about}.`,
    job: {
      title: `Read ${about}`,
      goal: `Read ${link} and tell me in a few sentences what it says${own}`,
      words: link,
    },
  };
}

/** A worker's job of reading files of the owner's. */
export function readFilesJob(paths: readonly string[], own = ''): ReadingJob {
  const names = paths.map((path) => shorten(showHiddenInLine(path.split('/').at(-1) ?? path), 60));
  const about = shorten(names.join(', '), 90);
  const [first = '', ...more] = paths.map(quoted);
  const steps = [`Read the file ${first}`, ...more.map((path) => `then read the file ${path}`)].join(', ');
  const says = paths.length === 1 ? 'what it says' : 'what they say';
  return {
    kind: 'task',
    sentence: `Reading ${about}.`,
    job: { title: `Read ${about}`, goal: `${steps} and tell me in a few sentences ${says}${own}`, words: '' },
  };
}

async function filesJob(
  { store, objects, canSee }: Parameters<typeof firstJobIn>[0],
  { text, attachments, forwardedFrom }: Said,
): Promise<FirstJob> {
  const files = await store.files.find(attachments);
  const kinds = await Promise.all(files.map(async (file) => ({ file, kind: await kindOf(objects, file) })));
  const isHeard = (path: string) => attachments.includes(transcriptOf(path));
  const paths = (wanted: string) =>
    kinds.flatMap(({ file, kind }) => (kind === wanted && !isHeard(file.path) ? [file.path] : []));
  const [images, sounds, others] = [paths('image'), paths('sound'), paths('other')];
  // What somebody else wrote beneath it stays out: a worker takes its goal for the owner's word.
  const own = forwardedFrom === undefined ? ownWords(text) : '';
  if (images.length + others.length === 0)
    return { kind: 'failed', failure: { code: sounds.length > 0 ? 'hearing-off' : 'file-unknown' } };
  if (others.length > 0) return readFilesJob(others, own);
  return canSee ? { kind: 'answer' } : unseenJob(images, own);
}

/** Nobody here sees: what can be said all the same, and what would have to be set. */
function unseenJob(images: readonly string[], own: string): FirstJob {
  const { job } = readFilesJob(images);
  const goal = job.goal.replace(
    /in a few sentences .*$/,
    `its type, its size in pixels and in bytes: no model here sees pictures, so say nothing of what it shows${own}`,
  );
  const sentence =
    'No model that sees pictures is set, so a worker tells you only its type and size. `/config model-vision` and the name of a model that sees mends that.';
  return { kind: 'task', sentence, job: { ...job, goal } };
}

async function kindOf(
  objects: Pick<ObjectStore, 'get'>,
  file: StoredFile,
): Promise<'image' | 'sound' | 'other'> {
  const start = await readStart(objects, file.blob);
  if (start === null) return 'other';
  if (imageType(start) !== null) return 'image';
  return soundType(start, file.path) === null ? 'other' : 'sound';
}

function ownWords(text: string): string {
  const words = text.trim();
  return words === '' ? '' : `\n\n[The person wrote with it: ${shorten(words, SHOWN_WORDS)}]`;
}

/** A path as a goal names it: in marks where it has blanks, hidden characters as escapes, which `files.get` takes. */
function quoted(path: string): string {
  const shown = showHiddenInLine(path);
  if (!/[\s"'`“”,;]/.test(shown)) return shown;
  const mark = ['"', '`', "'"].find((each) => !shown.includes(each)) ?? '"';
  return `${mark}${shown}${mark}`;
}
