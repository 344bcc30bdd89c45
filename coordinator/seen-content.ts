import {
  type EffectCall,
  type HostPort,
  parseRepository,
  type SecretDesk,
  type SeenContent,
  type Store,
  type StoredFile,
  type Task,
  taskIdSchema,
} from '@reeve/core';
import type { People } from './people.ts';

/** What a task has read so far: noted as it was handed out, and what it began with. */
export async function seenBy(store: Pick<Store, 'tasks'>, { id, origin }: Task): Promise<SeenContent> {
  const seen = await store.tasks.seen(id);
  return {
    untrusted: seen.untrusted || origin.kind === 'untrusted' || origin.kind === 'schedule',
    private: seen.private,
  };
}

export interface ContentDeps {
  readonly secrets: Pick<SecretDesk, 'list'>;
  readonly privateHosts: readonly HostPort[];
}

/** What a task may read by a call once it is permitted; null for calls that give it nothing to read. */
export async function contentBehind(call: EffectCall, deps: ContentDeps): Promise<SeenContent | null> {
  switch (call.tool) {
    case 'http.fetch':
      return { untrusted: true, private: isPrivateRequest(call, deps) };
    case 'git.open':
      return { untrusted: true, private: await isPrivateRepository(call, deps) };
    case 'web.search':
      return { untrusted: true, private: false };
    case 'network.open': {
      const { host, port } = call.arguments;
      return {
        untrusted: true,
        private: deps.privateHosts.some((one) => one.host === host && one.port === port),
      };
    }
    default:
      return null;
  }
}

/** What is read with a secret, or from the operator's own network, is not for everybody. */
function isPrivateRequest(
  { arguments: { url, secrets } }: EffectCall,
  { privateHosts }: ContentDeps,
): boolean {
  if (Array.isArray(secrets) && secrets.length > 0) return true;
  const parsed = URL.parse(String(url));
  const port = Number(parsed?.port) || (parsed?.protocol === 'http:' ? 80 : 443);
  return privateHosts.some((one) => one.host === parsed?.hostname && one.port === port);
}

/** Whether Git may be let in there by a secret of the owner. */
async function isPrivateRepository(
  call: EffectCall,
  { secrets, privateHosts }: ContentDeps,
): Promise<boolean> {
  const parsed = parseRepository(String(call.arguments['repository']));
  if (parsed.kind === 'refused') return true;
  const { host, port } = parsed.repository;
  if (privateHosts.some((one) => one.host === host && one.port === port)) return true;
  return (await secrets.list()).some(({ name, hosts }) => /^GIT(?:_|$)/.test(name) && hosts.includes(host));
}

/**
 * What a task has read when it has read one of the owner's files. What somebody else handed over, and what a task wrote
 * that had read text from outside, is such text itself. What the owner handed over counts as theirs, whoever wrote it.
 */
export async function contentOf(
  { writtenBy, uploader }: StoredFile,
  { store, people }: { readonly store: Pick<Store, 'tasks'>; readonly people: Pick<People, 'roleOf'> },
): Promise<SeenContent> {
  if (uploader) {
    const { channel, externalId } = uploader;
    const role = people.roleOf({ externalId, name: writtenBy }, channel);
    return { untrusted: role !== 'owner', private: true };
  }
  const writer = taskIdSchema.safeParse(writtenBy);
  const task = writer.success ? await store.tasks.get(writer.data) : null;
  if (!task) return { untrusted: writer.success, private: true };
  const isOwners = task.origin.kind === 'owner' || task.origin.kind === 'agent';
  return { untrusted: !isOwners || (await seenBy(store, task)).untrusted, private: true };
}
