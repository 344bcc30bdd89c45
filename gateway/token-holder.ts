import { type Clock, type GatewayStore, type TokenClaims, verifyToken } from '@reeve/core';

export interface TokenHolderDeps {
  readonly store: Pick<GatewayStore, 'isCurrentAttempt'>;
  /** The tenant's key that tokens are signed with. */
  readonly tokenKey: Uint8Array;
  readonly clock: Clock;
}

/** The claims of a valid `Bearer` token; a task's token counts only while its attempt holds the task. Else null. */
export async function holderOf(
  header: string | undefined,
  deps: TokenHolderDeps,
): Promise<TokenClaims | null> {
  const claims = signedClaims(header, deps);
  return claims && (await isHeld(claims, deps)) ? claims : null;
}

/** The claims of a `Bearer` token that is signed and has not run out; null without one. Its task may be another's by now. */
export function signedClaims(
  header: string | undefined,
  { tokenKey, clock }: Pick<TokenHolderDeps, 'tokenKey' | 'clock'>,
): TokenClaims | null {
  const token = /^Bearer\s+(\S+)$/i.exec(header ?? '')?.[1];
  if (!token) return null;
  const check = verifyToken(token, tokenKey, clock.now());
  return check.kind === 'invalid' ? null : check.claims;
}

/** Whether who these claims are of may act: a task's attempt only while it holds the task. */
export async function isHeld(
  claims: TokenClaims,
  { store }: Pick<TokenHolderDeps, 'store'>,
): Promise<boolean> {
  return claims.role === 'coordinator' || store.isCurrentAttempt(claims.task, claims.attempt);
}
