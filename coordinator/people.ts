import type { Sender } from '@reeve/core';

/** What somebody may do: the owner decides, a member talks, a stranger gets nothing. */
export type Role = 'owner' | 'member' | 'stranger';

/** The id that the local HTTP channel gives to whoever holds its token. */
export const LOCAL_OWNER: Sender = { externalId: 'owner', name: 'owner' };

/** Roles of the embedded deployment: whoever holds the local API's token is the owner; nobody else is known. */
export function localRoleOf(sender: Sender, channel: string): Role {
  return channel === 'http' && sender.externalId === LOCAL_OWNER.externalId ? 'owner' : 'stranger';
}
