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
  const token = /^Bearer\s+(\S+)$/i.exec(header ?? '')?.[1];
  if (!token) return null;
  const check = verifyToken(token, deps.tokenKey, deps.clock.now());
  if (check.kind === 'invalid') return null;
  const { claims } = check;
  if (claims.role === 'coordinator') return claims;
  return (await deps.store.isCurrentAttempt(claims.task, claims.attempt)) ? claims : null;
}
