import { createFixedModel, lastWords, roundResults, says, starts } from './fixed-model.ts';
import type { House } from './house.ts';
import type { ScriptedExecutor } from './scripted-executor.ts';
import type { Work } from './scripted-launcher.ts';
import { until } from './until.ts';

/** A model that starts the tasks named after “start”, joined by “and”, and repeats other words. */
export const delegating = () =>
  createFixedModel((request) => {
    const words = lastWords(request);
    if (!words.startsWith('start ')) return says(`You said: ${words}`);
    return roundResults(request).length === 0
      ? starts(...words.slice('start '.length).split(' and '))
      : says('On it.');
  });

/** Puts a file among the owner's own. */
export async function giveFile(house: House, name: string, content: string | Uint8Array): Promise<string> {
  const bytes = (async function* () {
    yield Buffer.from(content as Uint8Array);
  })();
  const { desk } = house.coordinator;
  const stored = await desk.saveUpload(name, bytes, { externalId: 'owner', name: 'owner' }, 'http');
  if (stored.kind === 'failed') throw new Error(stored.failure.code);
  return stored.value.path;
}

/** What a well-behaved worker does with one effect: declares until it is not a question any more, acts, ends. */
export function carriesOut(
  declare: (executor: ScriptedExecutor) => ReturnType<ScriptedExecutor['declare']>,
  act: (executor: ScriptedExecutor, permit: string) => ReturnType<ScriptedExecutor['remove']>,
): Work {
  return async (executor) => {
    for (;;) {
      const { body } = await declare(executor);
      if (body.kind === 'ask') {
        const answered = executor.hear('decision').then(() => 'answered');
        const released = executor.hear('release').then(() => 'released');
        const paused = executor.hear('pause').then(() => 'paused');
        const first = await Promise.any([answered, released, paused]);
        if (first === 'answered') continue;
        await executor.finish({ outcome: 'released' });
        return;
      }
      if (body.kind === 'allow') {
        const done = await act(executor, body.permit);
        if (done.body.kind === 'refused') continue;
        await executor.result(done.body.content);
      }
      if (body.kind === 'settled') await executor.result(body.content, body.ok);
      if (body.kind === 'deny') await executor.result(body.reason, false);
      await executor.finish({ summary: `it came to ${body.kind}`, evidence: [1] });
      return;
    }
  };
}

export const deletes = (path: string, callId = 's1.1'): Work =>
  carriesOut(
    (executor) => executor.declare(callId, 'files.delete', { path }),
    (executor, permit) => executor.remove(callId, permit),
  );

export const writes = (path: string, content: string, callId = 's1.1'): Work =>
  carriesOut(
    (executor) => executor.declarePut(callId, path, content),
    (executor, permit) => executor.put(callId, permit, content),
  );

/** Has somebody type a line and yields the words of its answer. */
export async function typing(
  house: House,
  text: string,
  who?: Parameters<House['say']>[2],
  chat?: Parameters<House['say']>[3],
): Promise<string> {
  const before = house.channel.texts().length;
  const { turnId } = await house.say(text, `u-${text}-${who?.externalId}-${before}`, who, chat);
  return until(
    () =>
      house.channel.delivered.flatMap(({ about, content }) =>
        'turnId' in about && about.turnId === turnId && content.kind === 'text' ? [content.markdown] : [],
      )[0],
    `an answer to ${text}`,
  );
}
