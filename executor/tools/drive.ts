import { outputFolder, showHiddenInLine } from '@reeve/core';
import type { LinkClient } from '../link-client.ts';
import { refusal } from './scratch.ts';
import type { Tool } from './tool.ts';

export const listFiles: Tool<'files.list'> = async ({ prefix }, { link }) => {
  const { files, truncated } = await link.listFiles(prefix);
  const lines = files.map(
    (file) => `${showHiddenInLine(file.path)} (${file.bytes} bytes, ${file.modifiedAt})`,
  );
  if (truncated) lines.push('[there are more; narrow it with a prefix]');
  return {
    ok: true,
    content: lines.length === 0 ? '[no files]' : lines.join('\n'),
    activity: 'looked through your files',
  };
};

/**
 * The file that a name stands for. Models are shown escapes (`⟨U+000A⟩`) and give them back: a name that no file
 * literally has is that of the one file which is shown so, if there is exactly one.
 */
async function fileNamed(path: string, link: LinkClient): Promise<string> {
  const firstEscape = path.indexOf('⟨U+');
  if (firstEscape < 0) return path;
  const { files, truncated } = await link.listFiles(path.slice(0, firstEscape));
  const shownSo = files.filter((file) => showHiddenInLine(file.path) === path);
  const isLiteral = shownSo.some((file) => file.path === path);
  return isLiteral || truncated || shownSo.length !== 1 ? path : (shownSo[0]?.path ?? path);
}

export const getFile: Tool<'files.get'> = async ({ path, to }, { link, shim, scratch, signal }) => {
  const name = showHiddenInLine(path);
  const content = await link.readFile(await fileNamed(path, link));
  if (!content)
    return {
      ok: false,
      content: `There is no file ${name}, or this task may not read it.`,
      activity: `found no file ${name}`,
    };
  scratch.changed();
  const outcome = await shim.writeFile(to, content, signal);
  if (outcome.kind === 'refused') return refusal(outcome, `could not fetch ${name}`);
  return {
    ok: true,
    content: `Copied ${name} to ${showHiddenInLine(to)} in scratch (${outcome.value.bytes} bytes).`,
    activity: `fetched ${name}`,
  };
};

export const putFile: Tool<'files.put'> = async (
  { from, path },
  { task, callId, shim, link, effects, signal },
) => {
  const hashed = await shim.hash(from, signal);
  if (hashed.kind === 'refused') return refusal(hashed, `found no scratch file ${showHiddenInLine(from)}`);
  const { bytes, sha256 } = hashed.value;
  const target =
    path ?? `${outputFolder(task.id)}/${from.split('/').findLast((segment) => segment !== '') ?? from}`;
  const name = showHiddenInLine(target);
  return effects.perform(
    { callId, tool: 'files.put', arguments: { path: target, bytes, sha256 }, reason: '' },
    { done: `stored ${name} (${bytes} bytes)`, notDone: `did not store ${name}` },
    (permit) => link.putFile({ callId, permit }, shim.readStream(from, signal)),
  );
};

export const deleteFile: Tool<'files.delete'> = async ({ path, reason }, { callId, link, effects }) => {
  const name = showHiddenInLine(path);
  return effects.perform(
    { callId, tool: 'files.delete', arguments: { path: await fileNamed(path, link) }, reason },
    { done: `deleted ${name}`, notDone: `did not delete ${name}` },
    (permit, attempt) => link.deleteFile({ attempt, callId, permit }),
  );
};
