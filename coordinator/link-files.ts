import {
  allows,
  type Clock,
  type FileEntry,
  isLive,
  type LinkReply,
  type ObjectStore,
  type Outcome,
  parseAll,
  parseDrivePath,
  type Store,
  type StoredFile,
  type Task,
  type TaskClaims,
} from '@reeve/core';
import type { Drive } from './drive.ts';
import type { People } from './people.ts';
import { contentOf } from './seen-content.ts';

/** The task link's file side: what a worker may read of the owner's files, and its scratch snapshots. */
export interface LinkFiles {
  list(claims: TaskClaims, prefix: string): Promise<{ files: FileEntry[]; truncated: boolean } | 'denied'>;
  open(
    task: Task | null,
    path: string,
  ): Promise<Outcome<{ entry: StoredFile; content: AsyncIterable<Uint8Array> }>>;
  saveScratch(claims: TaskClaims, seq: number, content: AsyncIterable<Uint8Array>): Promise<LinkReply>;
  openScratch(claims: TaskClaims): Promise<AsyncIterable<Uint8Array> | null>;
  /** Forgets the snapshots of a task that is over. */
  dropScratch(task: Task): Promise<void>;
}

const LIST_LIMIT = 1000;
const GONE_ON = { kind: 'stale', reason: 'the task has gone on without this attempt' } as const;

export function createLinkFiles(deps: {
  store: Store;
  objects: ObjectStore;
  drive: Drive;
  people: Pick<People, 'roleOf'>;
  clock: Clock;
  scratchLimitBytes: number;
}): LinkFiles {
  const { store, objects, clock } = deps;

  async function prune(id: Task['id'], keep: 'newest' | 'none'): Promise<void> {
    for (const key of await store.steps.pruneSnapshots(id, keep)) await objects.delete(key);
  }

  /** A paused task has no lease any more, but its executor may still save what it leaves behind. */
  async function mayStillSave(claims: TaskClaims): Promise<boolean> {
    const task = await store.tasks.get(claims.task);
    return task !== null && isLive(task) && task.attempt === claims.attempt;
  }

  return {
    async list(claims, prefix) {
      const mayList = parseAll(claims.capabilities).some(
        (capability) => capability.scheme === 'file' && capability.actions.includes('list'),
      );
      if (!mayList) return 'denied';
      await store.tasks.noteSeen(claims.task, { untrusted: false, private: true });
      const files = await store.files.list(prefix, LIST_LIMIT + 1);
      const entries = files
        .slice(0, LIST_LIMIT)
        .map(({ path, bytes, sha256, modifiedAt }) => ({ path, bytes, sha256, modifiedAt }));
      return { files: entries, truncated: files.length > LIST_LIMIT };
    },

    async open(task, path) {
      const parsed = parseDrivePath(path);
      const mayRead =
        task &&
        parsed.kind === 'path' &&
        allows(parseAll(task.capabilities), 'file', `drive/${parsed.path}`, 'read');
      if (!mayRead) return { kind: 'failed', failure: { code: 'file-unknown', about: path } };
      const opened = await deps.drive.open(parsed.path);
      if (opened.kind === 'ok')
        await store.tasks.noteSeen(task.id, await contentOf(opened.value.entry, deps));
      return opened;
    },

    async saveScratch(claims, seq, content) {
      if (!(await mayStillSave(claims))) return GONE_ON;
      const key = `scratch/${claims.task}/${claims.attempt}-${seq}-${clock.now().getTime()}.tar`;
      await objects.put(key, content, { limitBytes: deps.scratchLimitBytes });
      if (!(await mayStillSave(claims))) {
        await objects.delete(key);
        return GONE_ON;
      }
      const before = await store.steps.newestSnapshot(claims.task);
      await store.steps.recordSnapshot(claims.task, seq, key, clock.now());
      if (before?.seq === seq && before.key !== key) await objects.delete(before.key);
      await prune(claims.task, 'newest');
      return { kind: 'ok' };
    },

    async openScratch(claims) {
      const snapshot = await store.steps.newestSnapshot(claims.task);
      return snapshot ? objects.get(snapshot.key) : null;
    },

    dropScratch: (task) => prune(task.id, 'none'),
  };
}
