import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Folders that hold no source of ours, whatever lies in them. */
const notOurs = new Set(['node_modules', '.git', '.reeve', 'coverage', 'fixtures', 'golden']);

/**
 * Every TypeScript file of the project below `root`, as sorted paths relative to it. It reads the disk
 * and not git, so a file counts before it is added, and a copy without git works the same.
 */
export function listSourceFiles(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      if (notOurs.has(entry.name)) return [];
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return listSourceFiles(root, path);
      return entry.isFile() && entry.name.endsWith('.ts') ? [path] : [];
    })
    .sort();
}
