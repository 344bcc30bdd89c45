import type { ChatRequest, TaskId, TokenClaims } from '@reeve/core';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { startCall } from './call.ts';
import { chatRequestOf, completionRequestSchema } from './completion-request.ts';
import { streamedAnswer, wholeAnswer } from './completion-response.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import type { ModelCaller } from './model-call.ts';
import { lineFor, type ModelLine } from './model-line.ts';
import { refuse, refuseFor } from './refusal.ts';
import { holderOf } from './token-holder.ts';
import type { CallMeter, UsageMeter } from './usage-meter.ts';

export interface HandlerDeps extends GatewayDeps {
  readonly meter: UsageMeter;
  readonly callModel: ModelCaller;
  readonly newRequestId: () => string;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

/**
 * One model call: who asks, what for, by which model, and every way in which it can end. The token is checked before a
 * byte of the body is read.
 */
export function createCompletionHandler(deps: HandlerDeps): (context: Context) => Promise<Response> {
  const limitBody = bodyLimit({
    maxSize: deps.limits.bodyBytes,
    onError: () => refuse({ code: 'request-malformed', about: 'the body is too large' }),
  });
  return async (context) => {
    const claims = await holderOf(context.req.header('authorization'), deps);
    if (!claims) return refuse({ code: 'token-missing' });
    const refused = await limitBody(context, async () => {
      context.res = await complete(context, claims, deps);
    });
    return refused ?? context.res;
  };
}

async function complete(context: Context, claims: TokenClaims, deps: HandlerDeps): Promise<Response> {
  const body = await context.req.text();
  const parsed = completionRequestSchema.safeParse(parseJson(body));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse({ code: 'request-malformed', about: `${issue?.path.join('.')}: ${issue?.message}` });
  }
  const role = claims.role === 'coordinator' ? 'coordinator' : 'executor';
  const request = chatRequestOf(parsed.data, role, deps.limits.maxTokens);
  const id = deps.newRequestId();
  const line = lineFor(deps.models(), request);
  const meter = await reserve(deps, { id, task: claims.role === 'task' ? claims.task : null, request, line });
  if (meter instanceof Response) return meter;
  const call = startCall({
    meter,
    clock: deps.clock,
    deadlineMs: deps.limits.deadlineMs,
    id,
    gone: [context.req.raw.signal, deps.stopping],
  });
  try {
    const answer = await deps.callModel(request, line, call.signal);
    return parsed.data.stream ? streamedAnswer(answer, call, deps.log) : await wholeAnswer(answer, call);
  } catch (error) {
    call.end('failed');
    return refuseFor(error, { call: call.id, role, isGone: call.isGone() }, deps.log);
  }
}

/** The call's meter, its budget reserved; or the refusal. */
async function reserve(
  deps: HandlerDeps,
  { id, task, request, line }: { id: string; task: TaskId | null; request: ChatRequest; line: ModelLine },
): Promise<CallMeter | Response> {
  try {
    return await deps.meter.begin({ task, request, line });
  } catch (error) {
    return refuseFor(error, { call: id, role: request.role, isGone: false }, deps.log);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
