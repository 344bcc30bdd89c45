import { COMMANDS } from './commands.ts';

/** What somebody may type, from the one registry, for the menus of channels. */
export function commandMenu(
  role: 'owner' | 'member',
): { readonly name: string; readonly description: string }[] {
  return [...COMMANDS.values()]
    .filter((command) => !command.ownerOnly || role === 'owner')
    .map(({ name, description }) => ({ name, description }));
}
