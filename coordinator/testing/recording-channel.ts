import type { Card, ChannelAdapter, Delivery, Draft, Outbound } from '@reeve/core';

export interface RecordingChannel extends ChannelAdapter {
  readonly delivered: readonly Outbound[];
  readonly drafts: readonly Draft[];
  /** Texts, oldest first. */
  texts(): string[];
  /** The newest state of a card. */
  card(key: string): Card | null;
  /** Ends deliveries that hang. */
  release(): void;
  /** What the next deliveries come to, instead of `sent`. */
  answerWith(answer: (outbound: Outbound) => Promise<Delivery> | Delivery): void;
}

/** A channel that keeps what it is given. */
export function createRecordingChannel(): RecordingChannel {
  const delivered: Outbound[] = [];
  const drafts: Draft[] = [];
  const released = Promise.withResolvers<Delivery>();
  let answer: ((outbound: Outbound) => Promise<Delivery> | Delivery) | null = null;
  return {
    name: 'http',
    editIntervalMs: 0,
    delivered,
    drafts,
    start: async () => undefined,
    async deliver(outbound) {
      const delivery = (await (answer && Promise.race([answer(outbound), released.promise]))) ?? {
        kind: 'sent',
        reference: `ref-${outbound.id}`,
      };
      if (delivery.kind === 'sent') delivered.push(outbound);
      return delivery;
    },
    release: () => released.resolve({ kind: 'unknown' }),
    draft: (draft) => void drafts.push(draft),
    texts: () => delivered.flatMap(({ content }) => (content.kind === 'text' ? [content.markdown] : [])),
    card(key) {
      const cards = delivered.flatMap(({ content }) =>
        content.kind === 'card' && content.card.key === key ? [content.card] : [],
      );
      return cards.at(-1) ?? null;
    },
    answerWith(next) {
      answer = next;
    },
  };
}
