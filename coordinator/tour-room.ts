import type { ChoiceRequest, DecisionResult } from '@reeve/core';
import { connectCard, isConnectKey } from './connect-card.ts';
import { type ConnectionsReader, createConnectionsReader } from './connections.ts';
import type { CoordinatorDeps } from './coordinator-deps.ts';
import { keepTrying } from './keep-trying.ts';
import { createOnboarding, type Onboarding, type OnboardingDeps } from './onboarding.ts';
import { stepOfCard, tourEntry } from './tour-cards.ts';
import { TourGoneOn } from './tour-moves.ts';

/** The first two minutes, as the conversation room reaches them. */
export interface TourRoom {
  readonly onboarding: Onboarding;
  readonly connections: ConnectionsReader;
  /** Taps on the tour's cards: the same code as the typed `/choose`. */
  choose(request: ChoiceRequest): Promise<DecisionResult>;
  /** Has tours go on whose tasks are over; returns at once. At a start it catches up on what was missed. */
  follow(): void;
}

export function createTourRoom(
  deps: CoordinatorDeps,
  parts: Pick<OnboardingDeps, 'taskDesk'> & {
    /** After the commit of what a tour wrote. */
    onWritten: () => void;
    signal: AbortSignal;
  },
): TourRoom {
  const { store, clock, log, people } = deps;
  const { taskDesk, onWritten, signal } = parts;
  const connections = createConnectionsReader(deps);
  const onboarding = createOnboarding({
    store,
    config: deps.config,
    taskDesk,
    objects: deps.objects,
    timeZone: () => deps.live().timeZone,
    surroundings: () => ({
      timeZone: deps.live().timeZone,
      hears: deps.settings.speech.hearing.isOn,
      sees: deps.live().canSee,
    }),
    connections,
    ownerName: () => deps.live().ownerName,
    clock,
    newId: () => deps.ids.newId(),
  });

  async function follow(): Promise<void> {
    if (await onboarding.follow()) onWritten();
  }

  /** The menu of connections shows what was chosen, in place. */
  async function connect({ card: key, option, chat, sender }: ChoiceRequest): Promise<DecisionResult> {
    const card = connectCard(key, await connections(), option);
    const place = await store.outbox.placeOfMenu(chat.channel, key);
    if (people.roleOf(sender, chat.channel) !== 'owner' || card === null || place === null)
      return { kind: 'refused', failure: { code: 'choice-over' } };
    await store.outbox.add(
      tourEntry(deps.ids.newId(), { ...place, createdAt: clock.now() }, card),
      clock.now(),
    );
    onWritten();
    return { kind: 'decided', sentence: card.title };
  }

  return {
    onboarding,
    connections,
    async choose(request) {
      const { card, option, chat, sender } = request;
      if (isConnectKey(card)) return connect(request);
      const step = stepOfCard(card);
      if (step === null || people.roleOf(sender, chat.channel) !== 'owner')
        return { kind: 'refused', failure: { code: 'choice-over' } };
      const outcome = await onboarding.choose({ sender, channel: chat.channel }, step, option);
      if (outcome.kind === 'failed') return { kind: 'refused', failure: outcome.failure };
      try {
        await store.transaction(outcome.value.commit);
      } catch (error) {
        if (!(error instanceof TourGoneOn)) throw error;
        return { kind: 'refused', failure: { code: 'choice-over', about: step } };
      }
      onWritten();
      return { kind: 'decided', sentence: outcome.value.sentence };
    },
    follow() {
      keepTrying(follow, { clock, log, signal, what: 'the tour' }).catch((error: unknown) => {
        if (!signal.aborted) log.error({ err: error }, 'the tour waits for the next start');
      });
    },
  };
}
