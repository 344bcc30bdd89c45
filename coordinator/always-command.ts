import { estimateText, shorten } from '@reeve/core';
import { answer, type Command, failed } from './command-registry.ts';

/** Read with every message (`context/persona.ts`), so what it says never falls out of the conversation. */
const INSTRUCTIONS = 'INSTRUCTIONS.md';
/** What is read of it, in estimated tokens. */
const ROOM_TOKENS = 800;

/** What always holds: the owner's lasting wishes, a line each, in a file of their own. */
export const always: Command = {
  name: 'always',
  usage: '[words]',
  description: 'a lasting wish, kept with every message; without words, the list of them',
  ownerOnly: true,
  run: async (deps, call) => {
    const before = await readText(deps.drive);
    if (call.rest === '')
      return answer(
        before === ''
          ? `There are no lasting wishes yet. Type /always and what should always hold.`
          : `What always holds (${INSTRUCTIONS} among your files; /undo ${INSTRUCTIONS} takes the last change back):\n\n${before}`,
      );
    const line = `- ${call.rest.replace(/\s+/g, ' ')}`;
    const text = before === '' ? `${line}\n` : `${before.trimEnd()}\n${line}\n`;
    if (estimateText(text) > ROOM_TOKENS) return failed('instructions-full');
    const stored = await deps.drive.replace(INSTRUCTIONS, text, call.entry.sender.name);
    return stored.kind === 'ok'
      ? answer(`Kept, for every message from now on: ${shorten(call.rest, 200)}`)
      : { kind: 'failed', failure: stored.failure };
  },
};

async function readText(drive: Parameters<Command['run']>[0]['drive']): Promise<string> {
  const opened = await drive.open(INSTRUCTIONS);
  if (opened.kind === 'failed') return '';
  const chunks: Uint8Array[] = [];
  for await (const chunk of opened.value.content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
