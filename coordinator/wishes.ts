import type { LiveSettings } from './settings.ts';

const TONES: ReadonlyMap<string, string> = new Map([
  ['warm', 'warm and friendly, never gushing'],
  ['brief', 'as few words as will do'],
]);

/**
 * What the owner wishes of answers, for the coordinator's prompt; null when they wish nothing beyond its own words.
 * The same settings give the same bytes, so that providers can cache the prompt's front.
 */
export function wishesText({
  ownerName,
  language,
  tone,
}: Readonly<Pick<LiveSettings, 'ownerName' | 'language' | 'tone'>>): string | null {
  const lines = [
    ...(ownerName === undefined ? [] : [`Call the owner: ${ownerName}`]),
    ...(language.toLowerCase() === 'auto'
      ? []
      : [`Language: answer in ${language}, whatever language you are written to in.`]),
    ...(tone.toLowerCase() === 'plain' ? [] : [`Tone: ${TONES.get(tone.toLowerCase()) ?? tone}`]),
  ];
  return lines.length === 0 ? null : `The owner’s wishes for every answer:\n${lines.join('\n')}`;
}
