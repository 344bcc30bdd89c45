import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { cardSchema } from '../card.ts';
import { aboutSchema } from '../channel.ts';

const samplesSchema = z.array(z.strictObject({ name: z.string(), about: aboutSchema, card: cardSchema }));

export type CardSample = z.infer<typeof samplesSchema>[number];

/**
 * Cards of each kind and state, as the coordinator makes them: its test `card-samples.test.ts` holds the file to that
 * and writes it. Each channel has a golden rendering of all of them.
 */
export function readCardSamples(): readonly CardSample[] {
  const file = new URL('./card-samples.json', import.meta.url);
  return samplesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}
