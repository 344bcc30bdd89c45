import type { TokenClaims } from '@reeve/core';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { chatRequestOf, completionRequestSchema } from './completion-request.ts';
import { streamedAnswer, wholeAnswer } from './completion-response.ts';
import type { GatewayLimits } from './limits.ts';
import type { ModelDesk } from './model-desk.ts';
import { refuse, refuseFor } from './refusal.ts';
import { isHeld, signedClaims, type TokenHolderDeps } from './token-holder.ts';

export interface HandlerDeps extends TokenHolderDeps {
  readonly desk: ModelDesk;
  readonly limits: GatewayLimits;
}

/**
 * One model call: who asks, what for, by which model, and every way in which it can end. No byte of the body is read for
 * a token that is not ours or has run out; whether its task is still in its hands is looked up while the body is read.
 */
export function createCompletionHandler(deps: HandlerDeps): (context: Context) => Promise<Response> {
  const limitBody = bodyLimit({
    maxSize: deps.limits.bodyBytes,
    onError: () => refuse({ code: 'request-malformed', about: 'the body is too large' }),
  });
  return async (context) => {
    const claims = signedClaims(context.req.header('authorization'), deps);
    if (!claims) return refuse({ code: 'token-missing' });
    const refused = await limitBody(context, async () => {
      context.res = await complete(context, claims, deps);
    });
    return refused ?? context.res;
  };
}

async function complete(context: Context, claims: TokenClaims, deps: HandlerDeps): Promise<Response> {
  const [holds, parsed] = await Promise.all([
    isHeld(claims, deps),
    context.req.text().then((body) => completionRequestSchema.safeParse(parseJson(body))),
  ]);
  if (!holds) return refuse({ code: 'token-missing' });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse({ code: 'request-malformed', about: `${issue?.path.join('.')}: ${issue?.message}` });
  }
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
