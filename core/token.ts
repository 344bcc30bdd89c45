import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type Capability, capabilitySchema, isNarrowing, parseCapability } from './capability.ts';
import { taskIdStrictSchema } from './ids.ts';

const claimsSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('coordinator'), expires: z.number().int() }),
  z.strictObject({
    role: z.literal('task'),
    task: taskIdStrictSchema,
    attempt: z.number().int().positive(),
    capabilities: z.array(capabilitySchema),
    expires: z.number().int(),
  }),
]);

/** What a token says of its holder. `expires` is in seconds since the epoch. */
export type TokenClaims = z.infer<typeof claimsSchema>;
export type TaskClaims = Extract<TokenClaims, { role: 'task' }>;

export type TokenCheck =
  | { readonly kind: 'valid'; readonly claims: TokenClaims }
  | { readonly kind: 'invalid'; readonly reason: 'malformed' | 'forged' | 'expired' };

/** Signs claims with the tenant's token key (HMAC-SHA-256): `rv1.<claims>.<signature>`, both base64url. */
export function signToken(claims: TokenClaims, key: Uint8Array): string {
  const body = Buffer.from(JSON.stringify(claimsSchema.parse(claims))).toString('base64url');
  return `rv1.${body}.${signatureOf(body, key)}`;
}

/** Verifies a token's signature before it reads a word of it, then its shape and expiry. */
export function verifyToken(token: string, key: Uint8Array, now: Date): TokenCheck {
  const [version, body, signature, rest] = token.split('.');
  if (version !== 'rv1' || !body || !signature || rest !== undefined)
    return { kind: 'invalid', reason: 'malformed' };
  const expected = Buffer.from(signatureOf(body, key));
  const given = Buffer.from(signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given))
    return { kind: 'invalid', reason: 'forged' };
  const claims = claimsSchema.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString()));
  if (!claims.success) return { kind: 'invalid', reason: 'malformed' };
  if (claims.data.expires * 1000 <= now.getTime()) return { kind: 'invalid', reason: 'expired' };
  return { kind: 'valid', claims: claims.data };
}

/** Capabilities of a token, parsed. The schema has already refused any that do not parse. */
export function capabilitiesOf(claims: TaskClaims): Capability[] {
  return parseAll(claims.capabilities);
}

/** Parses capability texts that a schema has already accepted. */
export function parseAll(texts: readonly string[]): Capability[] {
  return texts.map((text) => {
    const parsed = parseCapability(text);
    if (parsed.kind === 'refused')
      throw new Error(`capability passed its schema but not its parser: ${parsed.reason}`);
    return parsed.capability;
  });
}

/** Claims for a sub-task: the same or less. Null when the wanted capabilities are not contained in the parent's. */
export function narrowClaims(
  parent: TaskClaims,
  wanted: readonly string[],
  expires: number,
): TaskClaims | null {
  if (!isNarrowing(capabilitiesOf(parent), parseAll(wanted))) return null;
  return { ...parent, capabilities: [...wanted], expires: Math.min(parent.expires, expires) };
}

function signatureOf(body: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(`rv1.${body}`).digest('base64url');
}
