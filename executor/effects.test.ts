import type { DeclareReply } from '@reeve/core';
import { sampleAssignment } from '@reeve/core/testing';
import { expect, it } from 'vitest';
import type { Control } from './control.ts';
import { createEffectRunner } from './effects.ts';
import type { ScratchKeeper } from './scratch-keeper.ts';
import { createFakeHouse } from './testing/fake-house.ts';

const REASON = 'that host is not on the public internet';

async function refusedOnce(then: DeclareReply): Promise<string> {
  const { link, declareReplies } = createFakeHouse(sampleAssignment());
  declareReplies.push({ kind: 'allow', permit: 'permit-1' }, then);
  const effects = createEffectRunner({
    link,
    control: {} as Control,
    scratch: { save: async () => undefined } as ScratchKeeper,
    attempt: 1,
  });
  const call = { callId: 's1.1', tool: 'http.fetch', arguments: {}, reason: '' };
  const result = await effects.perform(call, { done: 'did', notDone: 'did not' }, async () => ({
    kind: 'refused',
    reason: REASON,
  }));
  expect(result.ok).toBe(false);
  return result.content;
}

it('a refusal that was settled as such is told as not done', async () => {
  expect(await refusedOnce({ kind: 'settled', ok: false, content: REASON })).toBe(`Not done: ${REASON}`);
});

it('what a call was settled as otherwise is told as it is', async () => {
  const content = 'Status 404 from https://a.example.org/.';
  expect(await refusedOnce({ kind: 'settled', ok: false, content })).toBe(content);
});
