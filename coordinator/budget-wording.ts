import { type Amount, type CapName, MICROS_PER_DOLLAR, type RaiseArguments } from '@reeve/core';

/** `1,000,000 tokens`. */
function tokensText(tokens: number): string {
  return `${tokens.toLocaleString('en-US')} ${tokens === 1 ? 'token' : 'tokens'}`;
}

/** Millionths of a US dollar as people write money: `$1.20`; what is less than a cent is said so. */
function moneyText(micros: number): string {
  if (micros > 0 && micros < MICROS_PER_DOLLAR / 100) return 'under $0.01';
  return `$${(micros / MICROS_PER_DOLLAR).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** What was spent of a cap: `12,300 of 2,000,000 tokens, about $0.02 of $5.00`; without a cap the plain amounts. */
export function spendingText(
  spent: Amount,
  cap: { readonly tokens: number | null; readonly micros: number | null },
): string {
  const tokens =
    cap.tokens === null
      ? tokensText(spent.tokens)
      : `${spent.tokens.toLocaleString('en-US')} of ${tokensText(cap.tokens)}`;
  if (spent.micros === 0 && cap.micros === null) return tokens;
  const money =
    cap.micros === null ? moneyText(spent.micros) : `${moneyText(spent.micros)} of ${moneyText(cap.micros)}`;
  return `${tokens}, about ${money}`;
}

/** What a cap bounds, after “the budget of”: `T-3`, `21 November 2026`, `November 2026`. */
function ownerText({ kind, of }: CapName): string {
  if (kind === 'task') return of;
  const first = new Date(`${kind === 'day' ? of : `${of}-01`}T00:00:00Z`);
  return first.toLocaleDateString('en-GB', {
    timeZone: 'UTC',
    ...(kind === 'day' ? { day: 'numeric' } : {}),
    month: 'long',
    year: 'numeric',
  });
}

function addedText({ addTokens, addMicros }: RaiseArguments): string {
  const parts = [
    ...(addTokens > 0 ? [tokensText(addTokens)] : []),
    ...(addMicros > 0 ? [moneyText(addMicros)] : []),
  ];
  return parts.join(' and ');
}

/** What a yes does: `Add 1,000,000 tokens to the budget of T-3`. */
export function raiseSentence(raise: RaiseArguments): string {
  return `Add ${addedText(raise)} to the budget of ${ownerText({ kind: raise.cap, of: raise.of })}`;
}

/** What has happened: `T-3 has used up its budget: 1,996,120 of 2,000,000 tokens (about $1.20)`. */
export function usedUpText(raise: RaiseArguments): string {
  const { cap, of, capTokens, capMicros, spentTokens, spentMicros } = raise;
  const tokens = raise.addTokens > 0 && capTokens !== null;
  const money = raise.addMicros > 0 && capMicros !== null;
  const parts = [
    ...(tokens ? [`${spentTokens.toLocaleString('en-US')} of ${tokensText(capTokens)}`] : []),
    ...(money ? [`${moneyText(spentMicros)} of ${moneyText(capMicros)}`] : []),
  ];
  const aside = tokens && !money && spentMicros > 0 ? ` (about ${moneyText(spentMicros)})` : '';
  const who =
    cap === 'task'
      ? `${of} has used up its budget`
      : `The budget of ${ownerText({ kind: cap, of })} is used up`;
  return `${who}: ${parts.join(', ')}${aside}`;
}

/** The whole question in one line: what has happened, and what to add. */
export function raiseQuestion(raise: RaiseArguments): string {
  return `${usedUpText(raise)}. Add ${addedText(raise)}?`;
}
