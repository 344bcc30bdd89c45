import { estimateText, type ObjectStore, PERSONA_FILES, type Store, type StoredFile } from '@reeve/core';
import { readSmallText } from './small-text.ts';

/** The owner's own words about the agent, about themselves, and what always holds. Files among the owner's, in this order. */
const TITLES: Readonly<Record<(typeof PERSONA_FILES)[number], string>> = {
  'SOUL.md': 'Who you are',
  'USER.md': 'Whom you work for',
  'INSTRUCTIONS.md': 'What always holds',
};

/** Of one file, in estimated tokens; what is beyond is left out, and the model is told so. */
const FILE_TOKENS = 800;

/** Reads the persona; null when the owner has written none. What it reads changes only with the files. */
export type PersonaReader = () => Promise<string | null>;

export function createPersonaReader(deps: {
  store: Pick<Store, 'files'>;
  objects: Pick<ObjectStore, 'get'>;
}): PersonaReader {
  const cache = new Map<string, string>();

  async function textOf(file: StoredFile): Promise<string> {
    const known = cache.get(file.sha256);
    if (known !== undefined) return known;
    const text = cutToTokens((await readSmallText(deps.objects, file)) ?? '');
    if (cache.size >= PERSONA_FILES.length * 2) cache.clear();
    cache.set(file.sha256, text);
    return text;
  }

  return async () => {
    const files = await deps.store.files.find(PERSONA_FILES);
    const parts: string[] = [];
    for (const name of PERSONA_FILES) {
      const file = files.find(({ path }) => path === name);
      const text = file ? await textOf(file) : '';
      if (text !== '') parts.push(`${TITLES[name]} (${name}, written by the owner):\n${text}`);
    }
    return parts.length === 0 ? null : parts.join('\n\n');
  };
}

function cutToTokens(text: string): string {
  const trimmed = text.trim();
  if (estimateText(trimmed) <= FILE_TOKENS) return trimmed;
  let cut = trimmed;
  while (estimateText(cut) > FILE_TOKENS) cut = cut.slice(0, Math.floor(cut.length * 0.95)).toWellFormed();
  return `${cut}\n[The rest of this file is left out: it is too long to be read with every message.]`;
}
