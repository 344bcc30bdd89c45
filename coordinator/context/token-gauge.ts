import type { TokenUsage } from '@reeve/core';

/** Corrects estimated tokens by what providers report, a model at a time. */
export interface TokenGauge {
  /** Real tokens for each estimated one; 1 until a model has reported. */
  factor(): number;
  /** Takes in what a call really came to. Figures that were themselves estimated teach nothing. */
  observe(model: string, estimatedInput: number, usage: TokenUsage | null): void;
}

/** How much of what is believed one report changes. */
const LEARNING = 0.3;
/** Beyond these an estimate is not wrong, a report is. */
const LEAST = 0.4;
const MOST = 2.5;

/** Remembers a factor for each model; the one that answered last is the one that counts. */
export function createTokenGauge(): TokenGauge {
  const factors = new Map<string, number>();
  let latest: string | null = null;
  return {
    factor: () => (latest === null ? 1 : (factors.get(latest) ?? 1)),
    observe(model, estimatedInput, usage) {
      latest = model;
      if (!usage || usage.estimated || estimatedInput <= 0) return;
      const seen = Math.min(MOST, Math.max(LEAST, usage.inputTokens / estimatedInput));
      const known = factors.get(model);
      factors.set(model, known === undefined ? seen : known + LEARNING * (seen - known));
    },
  };
}
