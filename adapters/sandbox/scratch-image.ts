import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const makeFileSystem = '/sbin/mkfs.ext4';

/**
 * Makes a file system of `bytes` in a sparse file, owned by `uid`: what is written there can never be more, whatever
 * names, links, holes or deleted open files are used. No journal, because it dies with its task. It takes disk as it
 * fills, some 2 % of its size for its own tables, and no memory but page cache that the kernel takes back.
 */
export async function makeScratchImage(file: string, bytes: number, uid: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  await handle.truncate(bytes);
  await handle.close();
  const extended = `lazy_itable_init=1,nodiscard,root_owner=${uid}:${uid}`;
  await execute(makeFileSystem, ['-q', '-F', '-m', '0', '-O', '^has_journal', '-E', extended, file], {
    env: {},
  });
}
