import { egressCallSchema, parseToolArguments, StoreUnavailable } from '@reeve/core';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { failureFields, refuse } from '../refusal.ts';
import { holderOf, type TokenHolderDeps } from '../token-holder.ts';
import type { RequestDesk, RequestDeskDeps } from './request-desk.ts';

/** A body of a million characters as JSON may escape it, and its headers. */
const MOST_CALL_BYTES = 8_000_000;

export interface RequestHandlerDeps extends TokenHolderDeps, Pick<RequestDeskDeps, 'log'> {
  readonly desk: RequestDesk;
}

/** `POST /request`: only for the current attempt of a task; the token is checked before a byte of the body is read. */
export function createRequestHandler(deps: RequestHandlerDeps): (context: Context) => Promise<Response> {
  const limitBody = bodyLimit({
    maxSize: MOST_CALL_BYTES,
    onError: () => refuse({ code: 'request-malformed', about: 'the body is too large' }),
  });
  return async (context) => {
    try {
      const claims = await holderOf(context.req.header('authorization'), deps);
      if (claims?.role !== 'task') return refuse({ code: 'token-missing' });
      const refused = await limitBody(context, async () => {
        const call = egressCallSchema.safeParse(readJson(await context.req.text()));
        const [issue] = call.error?.issues ?? [];
        context.res = call.success
          ? Response.json(await deps.desk.request(claims, call.data))
          : refuse({ code: 'request-malformed', about: `${issue?.path.join('.')}: ${issue?.message}` });
      });
      return refused ?? context.res;
    } catch (error) {
      deps.log.error(failureFields(error), 'a request could not be decided');
      return refuse({ code: error instanceof StoreUnavailable ? 'database-away' : 'internal' });
    }
  };
}

/** Read as the arguments of the declared call were, half characters included, so that both have the same digest. */
function readJson(text: string): unknown {
  const read = parseToolArguments(text);
  return read.kind === 'arguments' ? read.value : null;
}
