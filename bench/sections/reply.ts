import { atMost, type Figure, type Floor, toFigure } from '../figure.ts';
import { measureEventRoundTrip } from '../floors.ts';
import { type House, isAnswer, openHouse, untilStep } from '../house.ts';
import { takeSamples } from '../measure.ts';
import { sayText } from '../model-script.ts';

const BUSY_EXECUTORS = 5;
/** The step in which a job's command begins to run: its intent. */
const AT_WORK = 2;
const PLAN = { warmUp: 10, samples: 100 };

/** How long a person waits for the first words beyond what the model takes, idle and while executors burn CPU. */
export async function measureReply(): Promise<readonly Figure[]> {
  const floor = await measureEventRoundTrip();
  await using house = await openHouse();
  const idle = await measureReplies(house, 'idle', 0, floor);
  const tasks = await house.startTasks('burn', BUSY_EXECUTORS, 'burning');
  await Promise.all(tasks.map((task) => untilStep(house, task, AT_WORK)));
  const busy = await measureReplies(house, 'busy', PLAN.warmUp + PLAN.samples, floor);
  await Promise.all(tasks.map((task) => house.cancel(task)));
  return [...idle, ...busy];
}

async function measureReplies(
  house: House,
  state: 'idle' | 'busy',
  firstTag: number,
  floor: Floor,
): Promise<Figure[]> {
  const finals: number[] = [];
  const drafts = await takeSamples(PLAN, async (index) => {
    const { draft, final } = await measureOneReply(house, firstTag + index + 1);
    if (index >= PLAN.warmUp) finals.push(final);
    return draft;
  });
  const when = state === 'idle' ? 'idle' : `${BUSY_EXECUTORS} executors burn CPU`;
  const goals =
    state === 'idle' ? [atMost('p50', 5), atMost('p99', 25)] : [atMost('p50', 15), atMost('p99', 100)];
  const common = { unit: 'ms', floor };
  return [
    toFigure({
      ...common,
      id: `reply.${state}`,
      title: `first words over model time, ${when}`,
      samples: drafts,
      goals,
    }),
    toFigure({
      ...common,
      id: `reply.${state}-stored`,
      title: `stored answer over model time, ${when}`,
      samples: finals,
    }),
  ];
}

/** One message: milliseconds to its first draft and to its answer, each without the model's own. */
export async function measureOneReply(house: House, tag: number): Promise<{ draft: number; final: number }> {
  const { events, model } = house;
  const conversation = 'replies';
  const first = events.next(
    'a draft',
    (event) => event.kind === 'draft' && event.conversation === conversation,
  );
  const answer = events.next('an answer', (event) => isAnswer(event, conversation));
  const text = sayText(tag);
  const postedAt = performance.now();
  await house.say(conversation, text);
  const [draft, final] = await Promise.all([first, answer]);
  const { requestedAt, firstByteAt, endedAt } = model.exchange(`${text} #0`);
  return {
    draft: draft.at - postedAt - (firstByteAt - requestedAt),
    final: final.at - postedAt - (endedAt - requestedAt),
  };
}
