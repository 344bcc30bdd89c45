import {
  type Log,
  MOST_RECORDING_BYTES,
  type Outcome,
  type Speech,
  type SpeechReply,
  StoreUnavailable,
  speakCallSchema,
} from '@reeve/core';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { failureFields, refuse } from '../refusal.ts';
import { holderOf, type TokenHolderDeps } from '../token-holder.ts';

/** Four bytes a character, and the JSON around them. */
const MOST_CALL_BYTES = 64 * 1024;

export interface SpeechHandlerDeps extends TokenHolderDeps {
  readonly desk: Speech;
  readonly log: Log;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

type Handler = (context: Context) => Promise<Response>;

/**
 * `POST /speech/transcribe` (the body is the recording) and `POST /speech/speak`, for the coordinator only: a worker
 * listens to nothing and says nothing. The token is checked before a byte of the body is read; what goes wrong at the
 * provider is a reply, not a status.
 */
export function createSpeechHandlers(deps: SpeechHandlerDeps): { transcribe: Handler; speak: Handler } {
  const signalOf = (context: Context) => AbortSignal.any([context.req.raw.signal, deps.stopping]);
  return {
    transcribe: forCoordinator(deps, MOST_RECORDING_BYTES, 'recording-too-large', async (context) => {
      const bytes = new Uint8Array(await context.req.arrayBuffer());
      const type = context.req.header('content-type') ?? '';
      const outcome = await deps.desk.transcribe({ bytes, type }, signalOf(context));
      return outcome.kind === 'ok'
        ? reply({ kind: 'heard', text: outcome.value })
        : reply(failedReply(outcome));
    }),
    speak: forCoordinator(deps, MOST_CALL_BYTES, 'request-malformed', async (context) => {
      const call = speakCallSchema.safeParse(await context.req.json().catch(() => null));
      if (!call.success)
        return refuse({ code: 'request-malformed', about: 'text of at most 4,000 characters, and a voice' });
      const outcome = await deps.desk.speak(call.data, signalOf(context));
      if (outcome.kind === 'failed') return reply(failedReply(outcome));
      const { bytes, type } = outcome.value;
      return new Response(new Uint8Array(bytes), { headers: { 'content-type': type } });
    }),
  };
}

function forCoordinator(
  deps: SpeechHandlerDeps,
  mostBytes: number,
  tooLarge: 'recording-too-large' | 'request-malformed',
  handle: Handler,
): Handler {
  const limitBody = bodyLimit({
    maxSize: mostBytes,
    onError: () =>
      tooLarge === 'recording-too-large'
        ? reply({ kind: 'failed', failure: { code: tooLarge } })
        : refuse({ code: tooLarge, about: 'the body is too large' }),
  });
  return async (context) => {
    try {
      const claims = await holderOf(context.req.header('authorization'), deps);
      if (claims?.role !== 'coordinator') return refuse({ code: 'token-missing' });
      const refused = await limitBody(context, async () => {
        context.res = await handle(context);
      });
      return refused ?? context.res;
    } catch (error) {
      if (!context.req.raw.signal.aborted) deps.log.error(failureFields(error), 'a speech call broke');
      return refuse({ code: error instanceof StoreUnavailable ? 'database-away' : 'internal' });
    }
  };
}

function failedReply({ failure }: Extract<Outcome<unknown>, { kind: 'failed' }>): SpeechReply {
  return { kind: 'failed', failure };
}

function reply(body: SpeechReply): Response {
  return Response.json(body);
}
