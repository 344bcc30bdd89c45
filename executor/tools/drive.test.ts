import { sampleAssignment } from '@reeve/core/testing';
import { describe, expect, it } from 'vitest';
import { createFakeHouse } from '../testing/fake-house.ts';
import { deleteFile, getFile } from './drive.ts';
import type { ToolContext } from './tool.ts';

const shown = 'a⟨U+000A⟩b.txt';

/** Fetches and then wants to delete the file of this name; says whether it was found and which was to be deleted. */
async function attempt(files: readonly string[], path = shown): Promise<[boolean, unknown]> {
  const { link, files: drive } = createFakeHouse(sampleAssignment());
  for (const file of files) drive.set(file, Buffer.from(file));
  let declared: unknown;
  const context = {
    link,
    shim: { writeFile: async () => ({ kind: 'done', value: { bytes: 1 } }) },
    scratch: { changed: () => undefined },
    effects: {
      perform: async (call: { arguments: Record<string, unknown> }) => {
        declared = call.arguments['path'];
        return { ok: true, content: '', activity: '' };
      },
    },
  } as unknown as ToolContext;
  const { ok } = await getFile({ path, to: 'x' }, context);
  await deleteFile({ path, reason: '' }, context);
  return [ok, declared];
}

describe('a file whose name was shown escaped', () => {
  it('is found by what was shown', async () => {
    expect(await attempt(['a\nb.txt', 'a'])).toEqual([true, 'a\nb.txt']);
  });

  it('is the one that has the name literally, if one has', async () => {
    expect(await attempt(['a\nb.txt', shown])).toEqual([true, shown]);
  });

  it('is nobody’s when several are shown so', async () => {
    const path = 'a⟨U+000A⟩b⟨U+000A⟩';
    expect(await attempt(['a\nb⟨U+000A⟩', 'a⟨U+000A⟩b\n'], path)).toEqual([false, path]);
  });
});
