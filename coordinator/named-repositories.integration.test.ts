import { expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import type { Estate } from './testing/house.ts';
import { delegating } from './testing/tasks.ts';

/** What the owner's words open to a task's Git. Their secret for the host goes along. */
let estate: Estate;
estateForEach('named-repositories', (fresh) => {
  estate = fresh;
});

it('a repository that the owner’s words name is opened without a card, and no other of its host', async () => {
  const seen = Promise.withResolvers<unknown[]>();
  const house = await estate.open({
    model: delegating(),
    work: async (executor) => {
      const opens = async (callId: string, repository: string) =>
        (await executor.declare(callId, 'git.open', { repository })).body.kind;
      seen.resolve([
        await opens('s1.1', 'git@github.com:somebody/public.git'),
        await opens('s1.2', 'https://github.com/me/private'),
      ]);
      await executor.finish();
    },
  });
  await house.say('start to look at https://github.com/somebody/public');
  expect(await seen.promise).toEqual(['allow', 'ask']);
});
