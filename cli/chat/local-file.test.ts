import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readLocalFile } from './local-file.ts';

it('reads a file, and neither a folder, nor a device that never ends, nor what nobody takes', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'reeve-local-file-'));
  try {
    const file = path.join(folder, 'report.pdf');
    await writeFile(file, '%PDF-');
    expect(String(await readLocalFile(file))).toBe('%PDF-');
    await expect(readLocalFile(folder)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(readLocalFile('/dev/zero')).rejects.toMatchObject({ code: 'EISDIR' });
    await truncate(file, 300 * 1024 * 1024);
    await expect(readLocalFile(file)).rejects.toMatchObject({ code: 'EFBIG' });
    await expect(readLocalFile(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
