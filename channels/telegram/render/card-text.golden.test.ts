import type { MessageEntity } from '@grammyjs/types';
import { readCardSamples } from '@reeve/core/testing';
import { expect, it } from 'vitest';
import { renderCard } from './card-text.ts';

/** Marks stand round what they cover, such as `bold{…}`, so that the file can be read. */
function marked(text: string, entities: readonly MessageEntity[]): string {
  const marks = entities.flatMap(({ type, offset, length }) => [
    { at: offset, order: 1, mark: `${type}{` },
    { at: offset + length, order: 0, mark: '}' },
  ]);
  // From the end, so that the places of the others stay true; at one place an end stands before a beginning.
  const inserted = marks.toSorted((a, b) => b.at - a.at || b.order - a.order);
  return inserted.reduce((shown, { at, mark }) => shown.slice(0, at) + mark + shown.slice(at), text);
}

it('renders every card as the golden file has it', async () => {
  const rendered = readCardSamples().map(({ name, card }) => {
    const { body, buttons } = renderCard(card, () => 'data');
    const rows = buttons.map((row) =>
      row.map(({ text, style }) => `[${text}${style ? ` ${style}` : ''}]`).join(' '),
    );
    return `## ${name}\n\n${marked(body.text, body.entities)}\n${rows.join('\n')}\n`;
  });
  await expect(rendered.join('\n')).toMatchFileSnapshot('golden/cards.txt');
});
