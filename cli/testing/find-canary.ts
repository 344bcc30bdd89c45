import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DEFAULT_PGLITE_DEADLINES, openPglite } from '@reeve/postgres';

/** Whatever of a text would give a canary away: as it is, base64 at any offset, hex, percent-encoded, in JSON. */
function canaryForms(canary: string): string[] {
  const bytes = Buffer.from(canary);
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset, 'x'), bytes, Buffer.from('xx')])
      .toString('base64')
      .slice(4, 4 + Math.floor((bytes.length - 6) / 3) * 4),
  );
  return [
    canary,
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('hex'),
    encodeURIComponent(canary),
    JSON.stringify(canary).slice(1, -1),
  ];
}

/** Which forms of which canaries a text holds. */
export function canariesIn(text: string, canaries: readonly string[]): string[] {
  const shown = text.toLowerCase();
  return canaries.flatMap((canary) =>
    canaryForms(canary).filter((form) => shown.includes(form.toLowerCase())),
  );
}

/** Searches every file of a folder, gzipped ones also unpacked; returns `file: form` for each find. */
export async function canariesInFiles(folder: string, canaries: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    for await (const piece of piecesOf(file))
      for (const content of contentsOf(piece))
        found.push(...canariesIn(content.toString('latin1'), canaries).map((form) => `${file}: ${form}`));
  }
  return found;
}

const PIECE_BYTES = 16 * 1024 * 1024;
/** What two pieces share, so that nothing is missed between them. */
const OVERLAP_BYTES = 4096;

/** A file in pieces that overlap; those that are empty, as most of an image of a file system is, are left out. */
async function* piecesOf(file: string): AsyncGenerator<Buffer> {
  const nothing = Buffer.alloc(PIECE_BYTES);
  await using handle = await open(file);
  for (let at = 0; ; at += PIECE_BYTES - OVERLAP_BYTES) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(PIECE_BYTES), 0, PIECE_BYTES, at);
    if (bytesRead > 0 && !buffer.equals(nothing)) yield buffer.subarray(0, bytesRead);
    if (bytesRead < PIECE_BYTES) return;
  }
}

/** Gzip members may stand anywhere in a file, as in an archive. */
function contentsOf(bytes: Buffer): Buffer[] {
  const contents = [bytes];
  for (let at = bytes.indexOf('1f8b08', 0, 'hex'); at >= 0; at = bytes.indexOf('1f8b08', at + 1, 'hex')) {
    try {
      contents.push(gunzipSync(bytes.subarray(at)));
    } catch {
      // Three bytes that look like a gzip header and are none.
    }
  }
  return contents;
}

/** Every row of every table in the database of a home that is not in use; the files hold long rows compressed. */
export async function dumpDatabase(directory: string): Promise<string> {
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const pool = await openPglite({ dataDir: directory, deadlines: DEFAULT_PGLITE_DEADLINES, log });
  try {
    const tables = await pool.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
    );
    let dump = '';
    for (const { name } of tables.rows) {
      const rows = await pool.query<{ line: string }>(`select t::text as line from ${name} t`);
      dump += `${name}\n${rows.rows.map(({ line }) => line).join('\n')}\n`;
    }
    return dump;
  } finally {
    await pool.close();
  }
}
