import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import type { IConfiguration } from 'dependency-cruiser';
import { cruiseImports, judgeFindings } from './import-law.ts';
import { listSourceFiles } from './source-files.ts';

const root = process.cwd();
const law: { default: IConfiguration } = await import(
  pathToFileURL(join(root, '.dependency-cruiser.mjs')).href
);
const sources = listSourceFiles(root);
const folders = new Set(sources.map((source) => source.split('/', 1).join('')));
const problems = judgeFindings(await cruiseImports([...folders], law.default), sources, law.default);

for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`${sources.length} files keep the import law`);
process.exitCode = problems.length === 0 ? 0 : 1;
