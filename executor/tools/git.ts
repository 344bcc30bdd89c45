import {
  type GitUpdate,
  gitUpdateSchema,
  parseRepository,
  shorten,
  showHidden,
  showHiddenInLine,
} from '@reeve/core';
import type { CommandResult, ShimClient } from '../shim/client.ts';
import type { ShimRefusal } from '../shim/connection.ts';
import { decodeOutput } from '../shim/text.ts';
import type { Tool } from './tool.ts';

export const openRepository: Tool<'git.open'> = async ({ repository, reason }, { callId, effects, link }) => {
  const name = nameOf(repository);
  return effects.perform(
    { callId, tool: 'git.open', arguments: { repository, reason }, reason },
    { done: `opened ${name} to its Git`, notDone: `did not open ${name}` },
    (permit, attempt) => link.openHost({ attempt, callId, permit }),
  );
};

/**
 * Looks up what would change, asks for exactly that, and lets Git in the sandbox push it. What came of it is what the
 * gateway wrote down, never what the sandbox says: so the call is declared once more afterwards.
 */
export const pushCommits: Tool<'git.push'> = async (
  { directory, repository, updates: wanted, reason },
  { callId, effects, shim, pushes, signal },
) => {
  const name = nameOf(repository);
  const url = addressOf(repository);
  const notDone = `did not push to ${name}`;
  const updates: GitUpdate[] = [];
  for (const { ref, from } of wanted) {
    const found = await lookUp(shim, { directory, url, ref, from: from ?? '' }, signal);
    if (found.kind === 'problem')
      return { ok: false, content: `Not pushed: ${found.problem}`, activity: notDone };
    updates.push(found.update);
  }
  return effects.perform(
    { callId, tool: 'git.push', arguments: { repository, updates, reason }, reason },
    { done: `pushed to ${name}`, notDone },
    async (permit) => {
      const refspecs = updates.map(refspecOf).join('\n');
      const environment = { ...placeOf(directory, url), REEVE_REFSPECS: refspecs };
      const outcome = await pushes.during({ callId, permit }, () =>
        shim.run({ command: PUSH, timeoutMs: PUSH_MS, environment, signal }),
      );
      return { kind: 'refused', reason: `Git said: ${saidBy(outcome)}` };
    },
  );
};

const LOOK_MS = 60_000;
const PUSH_MS = 300_000;
const SHOWN_CHARACTERS = 2000;
const SHORTEST_ID = 40;

/** Prints the ids before and after, how they are related, and the subjects of what is new; each on a line. */
const LOOK_UP = `set -eu
cd -- "$REEVE_DIRECTORY"
listed=$(git ls-remote -- "$REEVE_URL" "$REEVE_REF")
old=''
while read -r id name; do if [ "$name" = "$REEVE_REF" ]; then old=$id; fi; done <<< "$listed"
new=''
if [ -n "$REEVE_FROM" ]; then new=$(git rev-parse --verify "$REEVE_FROM"); fi
kind=update
range="$old..$new"
if [ -z "$new" ]; then kind=delete
elif [ -z "$old" ]; then kind=create; range=$new
elif ! git merge-base --is-ancestor "$old" "$new" 2>/dev/null; then kind=force; range=$new; fi
printf '%s\\n' "$old" "$new" "$kind"
if [ -n "$new" ]; then git log --format=%s --max-count=20 "$range" -- 2>/dev/null || true; fi`;

/** Hooks and settings of the clone must not add to what was shown. */
const PUSH = `cd -- "$REEVE_DIRECTORY" && mapfile -t refspecs <<< "$REEVE_REFSPECS" &&
git -c push.gpgSign=false -c push.pushOption= push --no-verify --no-follow-tags --recurse-submodules=no --porcelain \\
  -- "$REEVE_URL" "\${refspecs[@]}" 2>&1`;

function placeOf(directory: string, url: string) {
  return { REEVE_DIRECTORY: directory, REEVE_URL: url };
}

type Found =
  | { readonly kind: 'update'; readonly update: GitUpdate }
  | { readonly kind: 'problem'; readonly problem: string };

async function lookUp(
  shim: ShimClient,
  { directory, url, ref, from }: { directory: string; url: string; ref: string; from: string },
  signal: AbortSignal,
): Promise<Found> {
  const environment = { ...placeOf(directory, url), REEVE_REF: ref, REEVE_FROM: from };
  const outcome = await shim.run({ command: LOOK_UP, timeoutMs: LOOK_MS, environment, signal });
  if (outcome.kind === 'refused' || outcome.value.exitCode !== 0)
    return { kind: 'problem', problem: saidBy(outcome) };
  const [old = '', target = '', kind, ...subjects] = decodeOutput(outcome.value.stdout).text.split('\n');
  const noObject = '0'.repeat(Math.max(old.length, target.length, SHORTEST_ID));
  const update = gitUpdateSchema.safeParse({
    ref,
    old: old === '' ? noObject : old,
    new: target === '' ? noObject : target,
    kind,
    subjects: subjects.filter((subject) => subject !== '').map((subject) => shorten(subject, 200)),
  });
  if (update.success) return { kind: 'update', update: update.data };
  return {
    kind: 'problem',
    problem: `there is nothing to do for ${showHiddenInLine(ref)}, or it is no full name of a ref.`,
  };
}

function refspecOf({ ref, new: target, kind }: GitUpdate): string {
  if (kind === 'delete') return `:${ref}`;
  return `${kind === 'force' ? '+' : ''}${target}:${ref}`;
}

/** The end of what a command printed, for the model. */
function saidBy(outcome: ShimRefusal | { readonly kind: 'done'; readonly value: CommandResult }): string {
  if (outcome.kind === 'refused') return showHidden(outcome.detail);
  const { stderr, stdout } = outcome.value;
  return showHidden([stderr, stdout].map((output) => decodeOutput(output).text.trim()).join('\n')).slice(
    -SHOWN_CHARACTERS,
  );
}

function nameOf(repository: string): string {
  const parsed = parseRepository(repository);
  return parsed.kind === 'repository' ? parsed.repository.name : showHiddenInLine(shorten(repository, 80));
}

/** The repository's address over HTTP, which the sandbox's Git is told to take to the gateway. */
function addressOf(text: string): string {
  const parsed = parseRepository(text);
  if (parsed.kind === 'refused') return text;
  const { protocol, host, port, path } = parsed.repository;
  return `${protocol}://${host}:${port}/${path}`;
}
