import { type Capability, parseCapability, showHiddenInLine } from '@reeve/core';

/** What a task's capabilities let it do, in words for its owner; one that has no words yet is shown as it stands. */
export function capabilityWords(capabilities: readonly string[]): string[] {
  return capabilities.flatMap((text) => {
    const parsed = parseCapability(text);
    const words = parsed.kind === 'capability' ? wordsOf(parsed.capability) : null;
    if (words === 'beside') return [];
    return [words ?? `\`${showHiddenInLine(text)}\``];
  });
}

/** `beside` for what goes without saying next to another capability. */
function wordsOf({ scheme, resource, actions }: Capability): string | 'beside' | null {
  if (scheme === 'shell') return 'run commands in a sandbox of its own';
  if (scheme === 'http') return `read from ${showHiddenInLine(resource.split('/')[0] ?? resource)}`;
  if (scheme === 'secret') return `use the key ${showHiddenInLine(resource)}, without seeing it`;
  if (scheme === 'git') return 'beside';
  if (scheme !== 'file') return null;
  if (resource.startsWith('scratch/')) return 'beside';
  const place = resource.replace(/^drive\//, '').replace(/\*\*$/, '');
  return fileWords(place === '' ? 'your files' : showHiddenInLine(place), actions);
}

function fileWords(where: string, actions: readonly string[]): string | null {
  const may = (action: string) => actions.includes(action);
  if (may('write') || may('delete')) return `read ${where}, and change or delete them after your yes`;
  if (may('read') || may('list')) return `read ${where}`;
  return may('create') ? `add new files to ${where}` : null;
}
