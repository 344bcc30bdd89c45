import { type Log, parseToolArguments, StoreUnavailable, type TaskClaims } from '@reeve/core';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import { failureFields, refuse, refuseMalformed } from './refusal.ts';
import { holderOf, type TokenHolderDeps } from './token-holder.ts';

/** A body of a million characters as JSON may escape it, and its headers. */
const MOST_CALL_BYTES = 8_000_000;

/**
 * Handles a JSON call that only the current attempt of a task may make; the token is checked before a byte of the body
 * is read. What `act` resolves with is the answer.
 */
export function createTaskCallHandler<Schema extends z.ZodType>(
  deps: TokenHolderDeps & { readonly log: Log },
  schema: Schema,
  act: (claims: TaskClaims, call: z.output<Schema>) => Promise<object>,
): (context: Context) => Promise<Response> {
  const limitBody = bodyLimit({
    maxSize: MOST_CALL_BYTES,
    onError: () => refuse({ code: 'request-malformed', about: 'the body is too large' }),
  });
  return async (context) => {
    try {
      const claims = await holderOf(context.req.header('authorization'), deps);
      if (claims?.role !== 'task') return refuse({ code: 'token-missing' });
      const refused = await limitBody(context, async () => {
        const call = schema.safeParse(readJson(await context.req.text()));
        context.res = call.success
          ? Response.json(await act(claims, call.data))
          : refuseMalformed(call.error);
      });
      return refused ?? context.res;
    } catch (error) {
      deps.log.error(failureFields(error), 'a call of a task could not be decided');
      return refuse({ code: error instanceof StoreUnavailable ? 'database-away' : 'internal' });
    }
  };
}

/** Read as the arguments of the declared call were, half characters included, so that both have the same digest. */
function readJson(text: string): unknown {
  const read = parseToolArguments(text);
  return read.kind === 'arguments' ? read.value : null;
}
