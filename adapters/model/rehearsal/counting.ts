const UNITS: Readonly<Record<string, number>> = Object.fromEntries(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'
    .split(' ')
    .map((word, value) => [word, value]),
);
const TENS: Readonly<Record<string, number>> = Object.fromEntries(
  'twenty thirty forty fifty sixty seventy eighty ninety'
    .split(' ')
    .map((word, index) => [word, (index + 2) * 10]),
);
const SCALES: Readonly<Record<string, number>> = { dozen: 12, hundred: 100, thousand: 1000 };

const WORD = [...Object.keys(UNITS), ...Object.keys(TENS), ...Object.keys(SCALES)].join('|');

/** Matches a whole number in digits (`20`, `1,000`) or words (`twenty-five`, `a hundred`), for use inside a pattern. */
export const COUNT = `(?:\\d{1,3}(?:[,_ ]\\d{3})+|\\d+|(?:(?:an?|half a)[ -])?(?:${WORD})(?:(?:[ -]and)?[ -](?:${WORD}))*)`;

/** The value of what `COUNT` matched; null for anything else. */
export function countOf(text: string): number | null {
  const compact = text.trim().toLowerCase();
  if (/^\d[\d,_ ]*$/.test(compact)) return safe(Number(compact.replace(/\D/g, '')));
  let total = 0;
  let current: number | null = null;
  for (const word of compact.split(/[ -]+/)) {
    const plain = UNITS[word] ?? TENS[word];
    const scale = SCALES[word];
    if (word === 'a' || word === 'an') current = 1;
    else if (word === 'half') return null;
    else if (plain !== undefined) current = (current ?? 0) + plain;
    else if (scale === 1000) {
      total += (current ?? 1) * scale;
      current = 0;
    } else if (scale !== undefined) current = (current ?? 1) * scale;
    else if (word !== 'and') return null;
  }
  return current === null ? null : safe(total + current);
}

function safe(value: number): number | null {
  return Number.isSafeInteger(value) ? value : null;
}

/** A span such as `5 seconds`, `2 min`, `half a minute` in seconds; null when it is none. A bare number is seconds. */
export function secondsOf(text: string): number | null {
  const compact = text.trim().toLowerCase();
  if (/^half (?:a |an )?minute$/.test(compact)) return 30;
  const match = /^(.*?)[ -]*(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)?$/.exec(compact);
  const amount = match?.[1] ?? '';
  const count = /^\d+\.\d+$/.test(amount)
    ? Number(amount)
    : amount === 'a' || amount === 'an'
      ? 1
      : countOf(amount);
  if (count === null) return null;
  const unit = match?.[2]?.charAt(0) ?? 's';
  return count * (unit === 'h' ? 3600 : unit === 'm' ? 60 : 1);
}

/** Matches a span of time, for use inside a pattern. */
export const SPAN = `(?:half a minute|(?:\\d+\\.\\d+|${COUNT}|an?)[ -]*(?:seconds?|secs?|s|minutes?|mins?|hours?|hrs?)\\b|\\d+)`;
