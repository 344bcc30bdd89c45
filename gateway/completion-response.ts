import { type ChatChunk, collectAnswer, type Log, ModelError } from '@reeve/core';
import type { Call } from './call.ts';
import { type AnswerHead, completionOf, eventOf, failureEvent } from './completion-answer.ts';
import type { OpenAnswer } from './model-call.ts';
import { failureFields } from './refusal.ts';

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/**
 * The answer as OpenAI's event stream, one event for each piece, at the caller's pace. A break in mid-stream becomes a
 * failure event and the end of the stream; a caller that goes away ends the provider's call.
 */
export function streamedAnswer(answer: OpenAnswer, call: Call, log: Log): Response {
  const encoder = new TextEncoder();
  const head = headOf(call);
  const pieces = piecesOf(answer, call);
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await pieces.next();
        if (done) return controller.close();
        controller.enqueue(encoder.encode(eventOf(value, head, call.meter.usage())));
      } catch (error) {
        if (isCancelled) return;
        if (!call.isGone()) log.warn({ call: call.id, ...failureFields(error) }, 'an answer broke off');
        controller.enqueue(encoder.encode(failureEvent(error)));
        controller.close();
      }
    },
    cancel: async () => {
      isCancelled = true;
      call.end('broken');
      await pieces.return(undefined);
    },
  });
  return new Response(body, { headers: STREAM_HEADERS });
}

/** The answer as one JSON document, once it is whole. */
export async function wholeAnswer(answer: OpenAnswer, call: Call): Promise<Response> {
  const whole = await collectAnswer(piecesOf(answer, call));
  return Response.json(completionOf(whole, headOf(call), call.meter.usage()));
}

/** The pieces of an answer, counted; ends the call when they end, in whichever way. */
async function* piecesOf({ first, rest, by }: OpenAnswer, call: Call): AsyncGenerator<ChatChunk, void> {
  let how: 'answered' | 'broken' = 'broken';
  call.meter.answeredBy(by);
  try {
    let piece: ChatChunk = first;
    for (;;) {
      call.meter.count(piece);
      if (piece.kind === 'end') {
        how = 'answered';
        // Before the caller learns of the end, so that its next call finds this one settled.
        call.end(how);
      }
      yield piece;
      if (how === 'answered') return;
      const next = await rest.next();
      if (next.done)
        throw new ModelError('model-cut-off', 'the answer broke off in mid-stream', { retryable: true });
      piece = next.value;
    }
  } finally {
    call.end(how);
    await rest.return?.();
  }
}

function headOf(call: Call): AnswerHead {
  return { id: call.id, created: Math.floor(call.startedAt.getTime() / 1000) };
}
