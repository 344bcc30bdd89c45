import { eventually, type RunningReeve } from './reeve-process.ts';

interface TimelineEvent {
  readonly kind: string;
  readonly key?: string;
  readonly card?: {
    readonly title: string;
    readonly blocks: readonly { readonly kind: string; readonly actions?: readonly Button[] }[];
  };
}

interface Button {
  readonly action: { readonly kind: string; readonly card: string; readonly option: string };
}

/** A conversation as a client reads it: every message and card as it stands, oldest first. */
export async function timelineOf(reeve: RunningReeve): Promise<readonly TimelineEvent[]> {
  const { body } = await reeve.call('GET', '/v1/conversations/main/timeline');
  return (body['items'] as { event: TimelineEvent }[]).map(({ event }) => event);
}

export async function send(
  reeve: RunningReeve,
  text: string,
  attachments: readonly string[] = [],
): Promise<void> {
  const { status } = await reeve.call('POST', '/v1/conversations/main/messages', { text, attachments });
  if (status !== 202) throw new Error(`“${text}” was refused with ${status}`);
}

/** The button of the open card of this step of the tour, once it is there. */
export async function buttonOf(reeve: RunningReeve, step: string, option: string): Promise<Button['action']> {
  const button = await eventually(`the card of ${step}`, async () =>
    (await timelineOf(reeve))
      .filter(({ key }) => key?.startsWith('tour:') && key.endsWith(`:${step}`))
      .at(-1)
      ?.card?.blocks.flatMap(({ actions = [] }) => actions)
      .find(({ action }) => action.option === option),
  );
  return button.action;
}

/** Taps it, as a client does that reads its timeline. */
export async function tap(reeve: RunningReeve, step: string, option: string): Promise<void> {
  const { card } = await buttonOf(reeve, step, option);
  const { status } = await reeve.call('POST', '/v1/choices', { card, option });
  if (status !== 200) throw new Error(`${option} of ${step} was refused with ${status}`);
}
