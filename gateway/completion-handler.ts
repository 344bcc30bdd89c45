import type { TokenClaims } from '@reeve/core';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { chatRequestOf, completionRequestSchema } from './completion-request.ts';
import { streamedAnswer, wholeAnswer } from './completion-response.ts';
import type { GatewayLimits } from './limits.ts';
import type { ModelDesk } from './model-desk.ts';
import { refuse, refuseFor, refuseMalformed } from './refusal.ts';
import { isHeld, signedClaims, type TokenHolderDeps } from './token-holder.ts';

export interface HandlerDeps extends TokenHolderDeps {
  readonly desk: ModelDesk;
  readonly limits: GatewayLimits;
}

/**
 * One model call: who asks, what for, by which model, and every way in which it can end. No byte of the body is read for
 * a token that is not ours or has run out. Whether its task is still in its hands is looked up while the body is read, and
 * when it is not, that is the answer at once.
 */
export function createCompletionHandler(deps: HandlerDeps): (context: Context) => Promise<Response> {
  const limitBody = bodyLimit({
    maxSize: deps.limits.bodyBytes,
    onError: () => refuse({ code: 'request-malformed', about: 'the body is too large' }),
  });
  return async (context) => {
    const claims = signedClaims(context.req.header('authorization'), deps);
    if (!claims) return refuse({ code: 'token-missing' });
    const held = isHeld(claims, deps);
    const whole = limitBody(context, async () => {
      context.res = await complete(context, claims, held, deps);
    });
    const answer = whole.then((refused) => refused ?? context.res);
    // When the race is over nobody waits for the other one.
    answer.catch(() => undefined);
    return Promise.race([answer, refusalUnless(held)]);
  };
}

/** Resolves only when the token's task is in other hands. */
function refusalUnless(held: Promise<boolean>): Promise<Response> {
  return new Promise((resolve, reject) => {
    held.then((holds) => {
      if (!holds) resolve(refuse({ code: 'token-missing' }));
    }, reject);
  });
}

async function complete(
  context: Context,
  claims: TokenClaims,
  held: Promise<boolean>,
  deps: HandlerDeps,
): Promise<Response> {
  const body = await context.req.text();
  const parsed = completionRequestSchema.safeParse(parseJson(body));
  if (!(await held)) return refuse({ code: 'token-missing' });
  if (!parsed.success) return refuseMalformed(parsed.error);
  const role = claims.role === 'coordinator' ? 'coordinator' : 'executor';
  const request = chatRequestOf(parsed.data, role, deps.limits.maxTokens);
  const asked = { request, task: claims.role === 'task' ? claims.task : null, gone: context.req.raw.signal };
  try {
    const open = await deps.desk.open(asked);
    return parsed.data.stream ? streamedAnswer(open) : await wholeAnswer(open);
  } catch (error) {
    return refuseFor(error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
