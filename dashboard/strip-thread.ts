import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';

/** A file as browsers get it, at its path on the server. */
export interface StrippedFile {
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
};
const PAGE_FOLDER = fileURLToPath(new URL('./page/', import.meta.url));
/** Where the page's list of modules goes, so that a browser fetches them side by side and not one after the other. */
const PRELOAD_MARK = '<!-- modules -->';

parentPort?.postMessage(makeFiles());

function makeFiles(): StrippedFile[] {
  const names = readdirSync(PAGE_FOLDER).filter(
    (name) => CONTENT_TYPES[path.extname(name)] !== undefined && !name.endsWith('.test.ts'),
  );
  const texts = new Map(names.map((name) => [name, textOf(name)]));
  // The files' own folder is named after all that is in them, so a browser may keep each for ever.
  const version = createHash('sha256')
    .update(JSON.stringify([...texts]))
    .digest('base64url')
    .slice(0, 16);
  const folder = `/app/${version}/`;
  const preloads = names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `<link rel="modulepreload" href="${folder}${name}">`);
  return [...texts].map(([name, text]) => {
    const isPage = name === 'index.html';
    const served = isPage
      ? text.replaceAll('/app/', folder).replace(PRELOAD_MARK, preloads.join('\n'))
      : text;
    const body = new Uint8Array(Buffer.from(served));
    const gzipped = new Uint8Array(gzipSync(body, { level: 9 }));
    const contentType = CONTENT_TYPES[path.extname(name)] ?? '';
    return { path: isPage ? '/' : `${folder}${name}`, contentType, body, gzipped };
  });
}

function textOf(name: string): string {
  const source = readFileSync(path.join(PAGE_FOLDER, name), 'utf8');
  return name.endsWith('.ts') ? bareScript(source) : source;
}

/** Types become blanks of the same length, so lines and columns stay; the blanks at the ends of lines are dropped. */
function bareScript(source: string): string {
  return stripTypeScriptTypes(source).replace(/[ \t]+$/gm, '');
}
