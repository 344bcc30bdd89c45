import { z } from 'zod';
import { shorten } from './visible-text.ts';

/** The word that sets something optional to nothing, over whatever a lower layer says. */
export const OFF = 'off';

/** A whole number, as a number or as people and environments write it. */
export function wholeNumber(least: number, most: number) {
  return z.unknown().transform((raw, context): number => {
    const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    const message = `is “${shorten(String(raw), 40)}”; it must be a whole number from ${least} to ${most}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

/** An amount in US dollars, as a number or as text. */
export const dollars = z.unknown().transform((raw, context): number => {
  const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  if (typeof value === 'number' && value >= 0.01 && value <= 1_000_000) return value;
  const message = `is “${shorten(String(raw), 40)}”; it must be an amount in US dollars from 0.01 to 1000000`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** An IANA time zone. */
export const timeZone = z
  .string('must be an IANA time zone such as Europe/Paris')
  .refine(isTimeZone, 'must be an IANA time zone such as Europe/Paris');

/** What a provider calls a model. */
export const modelName = z
  .string('must be the name of a model')
  .trim()
  .min(1, 'must be the name of a model')
  .max(200, 'must have at most 200 characters');

/** The schema, which also takes `off` and yields undefined for it. */
export function orOff<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess(
    (raw) => (typeof raw === 'string' && raw.trim().toLowerCase() === OFF ? undefined : raw),
    schema.optional(),
  );
}

/** From when to when, on clocks of the owner's time zone; it may pass midnight. */
export interface QuietHours {
  /** `22:00` */
  readonly from: string;
  readonly to: string;
}

const CLOCK = '([01]\\d|2[0-3]):([0-5]\\d)';
const QUIET = new RegExp(`^(${CLOCK})\\s*[-–]\\s*(${CLOCK})$`);

/** Quiet hours as `22:00-07:00`. */
export const quietHours = z.unknown().transform((raw, context): QuietHours => {
  const match = QUIET.exec(String(raw).trim());
  const [, from, , , to] = match ?? [];
  if (from !== undefined && to !== undefined && from !== to) return { from, to };
  context.addIssue({
    code: 'custom',
    message: `is “${shorten(String(raw), 40)}”; it must be two different times such as 22:00-07:00, or off`,
  });
  return z.NEVER;
});

/** A token budget for every model, or for some by name. */
export interface ContextBudgets {
  /** For models that are not named; null: what Reeve takes by itself. */
  readonly any: number | null;
  readonly byModel: Readonly<Record<string, number>>;
}

const CONTEXT_LEAST = 6000;
const CONTEXT_MOST = 2_000_000;

/** Budgets as `24000`, `gpt-5=100000`, or several of them with commas between. */
export const contextBudgets = z.unknown().transform((raw, context): ContextBudgets => {
  let any: number | null = null;
  const byModel: [string, number][] = [];
  for (const part of String(raw).split(',')) {
    const [, model, digits] = /^\s*(?:(\S.*?)\s*=\s*)?(\d+)\s*$/.exec(part) ?? [];
    const tokens = Number(digits);
    if (digits === undefined || tokens < CONTEXT_LEAST || tokens > CONTEXT_MOST) {
      const message = `is “${shorten(String(raw), 60)}”; it must be a number of tokens from ${CONTEXT_LEAST} to ${CONTEXT_MOST}, or model=number pairs`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    if (model === undefined) any = tokens;
    else byModel.push([model, tokens]);
  }
  return { any, byModel: Object.fromEntries(byModel) };
});

/** One of a few words, in any case. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  const message = `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return z.string(message).trim().toLowerCase().pipe(z.enum(words, message));
}

/** `on` or `off`, also as true and false. */
export const onOff = z.unknown().transform((raw, context): boolean => {
  const word = String(raw).trim().toLowerCase();
  if (word === 'on' || word === 'true') return true;
  if (word === OFF || word === 'false') return false;
  context.addIssue({ code: 'custom', message: `is “${shorten(String(raw), 40)}”; it must be on or off` });
  return z.NEVER;
});

/** What a speech provider calls a voice: a name or an id. */
export const voiceName = z
  .string('must be the name or id of a voice')
  .trim()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._:/-]{0,99}$/u,
    'must be the name or id of a voice, at most 100 characters',
  );

/** A person's own words on one line. */
export function ownWords(most: number) {
  return z
    .string('must be words')
    .trim()
    .min(1, 'must be words')
    .max(most, `must have at most ${most} characters`)
    .refine((text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text), 'must be one line of visible characters');
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
