import type { ApiEvent } from '@reeve/channel-http';
import { atMost, type Figure, toFigure } from '../figure.ts';
import { measureEventRoundTrip } from '../floors.ts';
import { type House, openHouse, untilOver } from '../house.ts';
import { ERASED_FILES } from '../model-script.ts';

const WARM_UP = 2;

/**
 * From the decision to the recorded result of the effect it allows. The executor is still there: one task deletes one
 * file after the other and asks each time.
 */
export async function measureApproval(): Promise<readonly Figure[]> {
  const floor = await measureEventRoundTrip();
  await using house = await openHouse();
  const first = nextQuestion(house);
  const [task = ''] = await house.startTasks('erase', 1, 'erasing');
  const tapped = await answerAll(house, first);
  const { stepList } = await untilOver(house, task);
  const settled = stepList.flatMap(({ at, body }) =>
    body.kind === 'result' && body.tool === 'files.delete' && body.ok ? [Date.parse(at)] : [],
  );
  if (settled.length !== ERASED_FILES)
    throw new Error(`${settled.length} of ${ERASED_FILES} deletions were recorded`);
  return [
    toFigure({
      id: 'approval.resume',
      title: 'tap to the recorded result of what it allows, executor held',
      unit: 'ms',
      samples: settled.map((at, index) => at - (tapped[index] ?? Number.NaN)).slice(WARM_UP),
      floor,
      goals: [atMost('p50', 50)],
      note: 'to 1 ms, because Reeve records no finer times',
    }),
  ];
}

/** Says yes to one question after the other; returns when each was answered, in milliseconds since the epoch. */
async function answerAll(house: House, first: Promise<string>): Promise<number[]> {
  const tapped: number[] = [];
  for (let question = first; tapped.length < ERASED_FILES; ) {
    const code = await question;
    if (tapped.length < ERASED_FILES - 1) question = nextQuestion(house);
    tapped.push(Date.now());
    await house.approve(code);
  }
  return tapped;
}

async function nextQuestion(house: House): Promise<string> {
  const { event } = await house.events.next('a question', (candidate) => openQuestionOf(candidate) !== null);
  return openQuestionOf(event) ?? '';
}

function openQuestionOf(event: ApiEvent): string | null {
  if (event.kind !== 'card' || event.about.kind !== 'approval-card') return null;
  return event.about.state === 'pending' ? event.about.code : null;
}
