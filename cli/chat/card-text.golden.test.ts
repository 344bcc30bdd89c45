import { readCardSamples } from '@reeve/core/testing';
import { expect, it } from 'vitest';
import { cardLines } from './card-text.ts';
import { createStyle } from './style.ts';

const WIDTH = 76;

it('renders every card as the golden file has it', async () => {
  const style = createStyle(false);
  const rendered = readCardSamples().map(
    ({ name, card }) => `## ${name}\n\n${cardLines(card, WIDTH, style).join('\n')}\n`,
  );
  await expect(rendered.join('\n')).toMatchFileSnapshot('golden/terminal.txt');
});
