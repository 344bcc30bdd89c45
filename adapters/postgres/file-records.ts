import type { FileRecords, StoredFile } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface FileRow {
  readonly path: string;
  readonly version: number;
  readonly blob: string;
  readonly sha256: string;
  readonly bytes: string;
  readonly written_by: string;
  readonly written_at: Date;
  readonly uploader_channel: string | null;
  readonly uploader: string | null;
}

/** The next version of a path: its row in `drive_paths` numbers versions and makes parallel writers wait. */
const PUT = `with head as (
     insert into drive_paths (path, version, removed) values ($1, 1, false)
     on conflict (path) do update set version = drive_paths.version + 1, removed = false
     returning version
   )
   insert into drive_files (path, version, blob, sha256, bytes, written_by, written_at, uploader_channel, uploader)
   select $1, version, $2, $3, $4, $5, $6, $7, $8 from head
   returning *`;

/** After a removal the newest version comes back, else the one before it. */
const RESTORE = `with source as (
     select path, version as newest, case when removed then version else version - 1 end as wanted
     from drive_paths where path = $1 for update
   ), head as (
     update drive_paths set version = newest + 1, removed = false from source
     where drive_paths.path = source.path
       and exists (select from drive_files old where old.path = source.path and old.version = wanted)
     returning drive_paths.version, wanted
   )
   insert into drive_files (path, version, blob, sha256, bytes, written_by, written_at, uploader_channel, uploader)
   select $1, head.version, blob, sha256, bytes, $2, $3, uploader_channel, uploader
   from head join drive_files on drive_files.path = $1 and drive_files.version = wanted
   returning *`;

/** A version counts from when the next took its place, or the file was removed; whoever writes the path waits. */
const FORGET = `with held as (
     select path, version, removed from drive_paths order by path for update
   ), old as (
     select mine.path, mine.version
     from held join drive_files mine using (path)
     left join drive_files next on next.path = mine.path and next.version = mine.version + 1
     left join drive_files head on head.path = mine.path and head.version = held.version
     where (mine.version < held.version and coalesce(next.written_at, mine.written_at) < $1)
        or (held.removed and head.removed_at < $1)
   )
   delete from drive_files using old
   where drive_files.path = old.path and drive_files.version = old.version
   returning drive_files.blob`;

/** The index of the owner's files and their versions. */
export function createFileRecords(sql: SqlQueries): FileRecords {
  return {
    async list(prefix, limit) {
      const rows = await sql.rows<FileRow>(
        `select drive_files.* from drive_paths join drive_files using (path, version)
         where not removed and starts_with(path, $1) order by path limit $2`,
        [prefix, limit],
      );
      return rows.map(toFile);
    },

    async get(path) {
      const row = await sql.row<FileRow>(
        `select drive_files.* from drive_paths join drive_files using (path, version)
         where not removed and path = $1`,
        [path],
      );
      return row ? toFile(row) : null;
    },

    async uploadsOf({ channel, externalId }, prefix, limit) {
      const rows = await sql.rows<FileRow>(
        `select drive_files.* from drive_files join drive_paths using (path, version)
         where uploader_channel = $1 and uploader = $2 and not removed and starts_with(path, $3)
         order by path limit $4`,
        [channel, externalId, prefix, limit],
      );
      return rows.map(toFile);
    },

    async find(paths) {
      const rows = await sql.rows<FileRow>(
        `select drive_files.* from drive_paths join drive_files using (path, version)
         where not removed and path = any($1::text[]) order by path`,
        [paths],
      );
      return rows.map(toFile);
    },

    async put(file, at) {
      const row = await sql.row<FileRow>(PUT, [
        file.path,
        file.blob,
        file.sha256,
        file.bytes,
        file.writtenBy,
        at,
        file.uploader?.channel ?? null,
        file.uploader?.externalId ?? null,
      ]);
      if (!row) throw new Error(`file ${file.path} was not stored`);
      return toFile(row);
    },

    async remove(path, removedBy, at) {
      const removed = await sql.change(
        `with head as (
           update drive_paths set removed = true where path = $1 and not removed returning path, version
         )
         update drive_files set removed_at = $3, removed_by = $2 from head
         where drive_files.path = head.path and drive_files.version = head.version`,
        [path, removedBy, at],
      );
      return removed === 1;
    },

    async restore(path, restoredBy, at) {
      const row = await sql.row<FileRow>(RESTORE, [path, restoredBy, at]);
      return row ? toFile(row) : null;
    },

    async forget(before) {
      const forgotten = await sql.rows<{ blob: string }>(FORGET, [before]);
      const rows = await sql.rows<{ blob: string }>(
        `select blob from unnest($1::text[]) as gone (blob)
         where not exists (select from drive_files where drive_files.blob = gone.blob) group by blob`,
        [forgotten.map(({ blob }) => blob)],
      );
      return { versions: forgotten.length, unused: rows.map(({ blob }) => blob) };
    },
  };
}

function toFile(row: FileRow): StoredFile {
  return {
    path: row.path,
    version: row.version,
    blob: row.blob,
    sha256: row.sha256,
    bytes: Number(row.bytes),
    writtenBy: row.written_by,
    modifiedAt: row.written_at.toISOString(),
    ...(row.uploader_channel === null || row.uploader === null
      ? {}
      : { uploader: { channel: row.uploader_channel, externalId: row.uploader } }),
  };
}
