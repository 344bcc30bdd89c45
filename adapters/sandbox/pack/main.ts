import { readFile, writeFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'rolldown';

/**
 * `main.ts <source> <directory> <file>`: packs one program, as `packProgram` tells. In a process of its own, because
 * the bundler is native code of 20 MB that Reeve needs once.
 */
const [, , source = '', directory = '', file = ''] = process.argv;

/** All packages but ours; what Node has built in stays outside by itself. */
const foreign = /^(?!@reeve\/)[^./]/;

async function pack(input: string, name: string, external: readonly RegExp[]): Promise<void> {
  await build({
    input,
    platform: 'node',
    external: [...external],
    output: { dir: directory, entryFileNames: name, chunkFileNames: '[name].mjs' },
  });
}

const manifest = findPackageJSON(pathToFileURL(source));
if (manifest === undefined) throw new Error(`${source} belongs to no package`);
const { imports = {} } = JSON.parse(await readFile(manifest, 'utf8')) as { imports?: Record<string, string> };
const threads = Object.entries(imports).map(([name, path]) => ({
  name,
  input: resolve(dirname(manifest), path),
  output: `${basename(path, '.ts')}.mjs`,
}));
await Promise.all([
  pack(source, file, []),
  ...threads.map(({ input, output }) => pack(input, output, [foreign])),
]);
const packed = Object.fromEntries(threads.map(({ name, output }) => [name, `./${output}`]));
await writeFile(resolve(directory, 'package.json'), JSON.stringify({ imports: packed }));
