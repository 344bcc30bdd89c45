import { approvalCodeSchema, type Grant, shorten, showHiddenInLine } from '@reeve/core';
import { answer, type Command, type CommandDeps, failed } from './command-registry.ts';
import { momentText } from './wording.ts';

/** Standing yeses: what an answer “for this task” or “always” has left behind. */
export const revoke: Command = {
  name: 'revoke',
  usage: '[A7K2]',
  description: 'what you have allowed for longer than once: the list of it, or one to take back',
  ownerOnly: true,
  run: async (deps, call) => {
    if (call.rest === '') return list(deps);
    const code = approvalCodeSchema.safeParse(call.rest);
    if (!code.success) return failed('grant-unknown', shorten(call.rest, 40));
    const revoked = await revokeGrants(deps, code.data, call.entry.sender.name);
    return revoked.length === 0
      ? failed('grant-unknown', code.data)
      : answer(
          `Taken back, from now on: ${revoked.map(grantText).join('; ')}. What needs it will be asked again; connections that are open now go on until they close.`,
        );
  },
};

async function list({ store, clock, timeZone }: CommandDeps) {
  const grants = await store.grants.list(clock.now());
  if (grants.length === 0) return answer('You have allowed nothing for longer than once.');
  const lines = grants.map(
    (grant) =>
      `- \`${grant.approval}\` ${grantText(grant)}, until ${momentText(grant.expiresAt, timeZone())} (said by ${showHiddenInLine(grant.grantedBy)})`,
  );
  return answer([...lines, '', `\`/revoke ${grants[0]?.approval}\` takes one back.`].join('\n'));
}

async function revokeGrants({ store, clock }: CommandDeps, code: string, by: string): Promise<Grant[]> {
  return store.transaction(async (records) => {
    const now = clock.now();
    const revoked = await records.grants.revoke(code, now);
    for (const { tool, resource, task } of revoked)
      await records.audit.append(
        { event: 'grant-revoked', actor: `person:${by}`, subject: code, detail: { tool, resource, task } },
        now,
      );
    return revoked;
  });
}

function grantText({ tool, resource, task }: Grant): string {
  const isWhole = resource.endsWith('/**');
  const name = resource.replace(/\/\*\*$/, '');
  const shown = `“${showHiddenInLine(name.replace(/^drive\//, ''))}”`;
  const words = WORDS.get(tool)?.(shown, isWhole) ?? `${showHiddenInLine(tool)} of ${shown}`;
  return task === null ? words : `${words}, for ${task} only`;
}

const WORDS: ReadonlyMap<string, (name: string, isWhole: boolean) => string> = new Map([
  [
    'files.put',
    (name, isWhole) => (isWhole ? `store and overwrite files in ${name}` : `store and overwrite ${name}`),
  ],
  ['http.fetch', (name) => `read pages of ${name}`],
  ['network.open', (name) => `open ${name} to commands`],
  ['git.open', (name) => `read the repository ${name}`],
]);
