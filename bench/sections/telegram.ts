import { setTimeout as pause } from 'node:timers/promises';
import { checkRendering } from '@reeve/channel-telegram/testing';
import { createTelegramPeer, type Person, type TelegramPeer } from '@reeve/core/testing/telegram-peer';
import { eventually } from 'reeve/testing';
import { atMost, type Figure, type Floor, toFigure } from '../figure.ts';
import { type House, openHouse, untilStep } from '../house.ts';
import { takeSamples } from '../measure.ts';
import { sayText, startText } from '../model-script.ts';

const OWNER = 4711;
const BUSY_EXECUTORS = 5;
const AT_WORK = 2;
const PLAN = { warmUp: 5, samples: 30 };
/** Faster than this a chat's limit is what would be measured. */
const BETWEEN_MS = 1200;
const RENDERED_CASES = 100_000;
const RENDERING_SECONDS = 60;

interface Phone {
  readonly peer: TelegramPeer;
  readonly ann: Person;
}

/**
 * From what a person sends on Telegram to the first draft on their screen, beyond what the model takes, and to the
 * answer; calls that the stand-in refuses because they came too fast; and the rendering of whatever a model may write.
 */
export async function measureTelegram(): Promise<readonly Figure[]> {
  const floor = await measureBareBot();
  await using phone = await openPhone();
  await using house = await openHouse({
    TELEGRAM_BOT_TOKEN: phone.peer.token,
    TELEGRAM_API_ROOT: phone.peer.url,
    TELEGRAM_OWNER_ID: String(OWNER),
  });
  const idle = await measureAnswers(house, phone, 'idle', floor);
  phone.ann.say(startText('burn', BUSY_EXECUTORS, 'phone'));
  const tasks = await eventually('the tasks', async () => {
    const { body } = await house.reeve.call('GET', '/v1/tasks');
    const found = (body['tasks'] as { id: string }[]).map(({ id }) => id);
    return found.length === BUSY_EXECUTORS && found;
  });
  await Promise.all(tasks.map((task) => untilStep(house, task, AT_WORK)));
  const busy = await measureAnswers(house, phone, 'busy', floor);
  await Promise.all(tasks.map((task) => house.cancel(task)));
  return [...idle, ...busy, tooFast(phone.peer), ...measureRendering()];
}

async function openPhone(): Promise<Phone & AsyncDisposable> {
  const peer = await createTelegramPeer({
    limitsRate: true,
    now: () => performance.timeOrigin + performance.now(),
  });
  const ann = peer.person(OWNER, 'Ann');
  ann.open();
  return { peer, ann, [Symbol.asyncDispose]: () => peer.close() };
}

async function measureAnswers(
  house: House,
  { peer, ann }: Phone,
  state: 'idle' | 'busy',
  floor: Floor,
): Promise<Figure[]> {
  const finals: number[] = [];
  const offset = state === 'idle' ? 10_000 : 20_000;
  const drafts = await takeSamples(PLAN, async (index) => {
    const text = sayText(offset + index);
    const [callsBefore, shownBefore] = [peer.calls.length, peer.fromBot(OWNER).length];
    const said = ann.say(text);
    const draft = await eventually('a draft', async () =>
      peer.calls.slice(callsBefore).find(({ method }) => method === 'sendmessagedraft'),
    );
    const answer = await eventually('the answer', async () =>
      peer
        .fromBot(OWNER)
        .slice(shownBefore)
        .find(({ replyTo }) => replyTo === said.id),
    );
    const { requestedAt, firstByteAt, endedAt } = house.model.exchange(`${text} #0`);
    if (index >= PLAN.warmUp) finals.push(answer.at - said.at - (endedAt - requestedAt));
    await pause(BETWEEN_MS);
    return draft.at - said.at - (firstByteAt - requestedAt);
  });
  const when = state === 'idle' ? 'idle' : `${BUSY_EXECUTORS} executors burn CPU`;
  const common = { unit: 'ms', floor };
  return [
    toFigure({
      ...common,
      id: `telegram.${state}`,
      title: `message to first draft over model time, ${when}`,
      samples: drafts,
    }),
    toFigure({
      ...common,
      id: `telegram.${state}-answer`,
      title: `message to answer over model time, ${when}`,
      samples: finals,
      note: 'the answer waits for a draft that is on its way',
    }),
  ];
}

function tooFast({ calls }: TelegramPeer): Figure {
  return toFigure({
    id: 'telegram.avoidable-429',
    title: 'calls that came too fast, of all that were made',
    unit: 'calls',
    samples: [calls.filter(({ status }) => status === 429).length],
    goals: [atMost('p50', 0)],
    note: `${calls.length} calls, five cards among them`,
  });
}

/** The cheapest bot: polls, and answers each message with a draft at once. */
async function measureBareBot(): Promise<Floor> {
  await using phone = await openPhone();
  const { peer, ann } = phone;
  const call = async (method: string, parameters: object, signal: AbortSignal | null = null) => {
    const answer = await fetch(`${peer.url}/bot${peer.token}/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(parameters),
      signal,
    });
    return (await answer.json()) as { result: { update_id: number }[] };
  };
  const stopping = new AbortController();
  const running = (async () => {
    for (let offset = 0; ; ) {
      const { result } = await call('getUpdates', { offset, timeout: 30 }, stopping.signal);
      for (const { update_id: id } of result) {
        offset = id + 1;
        await call('sendMessageDraft', { chat_id: OWNER, draft_id: 1, text: 'words' });
      }
    }
  })().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  const samples = await takeSamples(PLAN, async () => {
    const before = peer.calls.length;
    const said = ann.say('hello');
    const draft = await eventually('a draft', async () =>
      peer.calls.slice(before).find(({ method }) => method === 'sendmessagedraft'),
    );
    return draft.at - said.at;
  });
  stopping.abort();
  await running;
  return { title: 'a bare bot that polls and drafts', samples };
}

function measureRendering(): Figure[] {
  const startedAt = performance.now();
  const { cases, counterexample } = checkRendering(RENDERED_CASES);
  return [
    toFigure({
      id: 'telegram.rendering',
      title: `${RENDERED_CASES.toLocaleString('en')} texts rendered, split and checked by the stand-in`,
      unit: 's',
      samples: [(performance.now() - startedAt) / 1000],
      goals: [atMost('p50', RENDERING_SECONDS)],
    }),
    toFigure({
      id: 'telegram.invalid',
      title: 'texts that Telegram would have refused or changed',
      unit: 'texts',
      samples: [counterexample === null ? 0 : 1],
      goals: [atMost('p50', 0)],
      note: counterexample ?? `of ${cases.toLocaleString('en')}`,
    }),
  ];
}
