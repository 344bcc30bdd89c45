import { collectAnswer } from '@reeve/core';
import type { Call } from './call.ts';
import { type AnswerHead, completionOf, eventOf, failureEvent } from './completion-answer.ts';
import type { OpenCall } from './model-desk.ts';

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/**
 * The answer as OpenAI's event stream, one event for each piece, at the caller's pace. A break in mid-stream becomes a
 * failure event and the end of the stream; a caller that goes away ends the provider's call.
 */
export function streamedAnswer({ call, pieces }: OpenCall): Response {
  const encoder = new TextEncoder();
  const head = headOf(call);
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await pieces.next();
        if (done) return controller.close();
        controller.enqueue(encoder.encode(eventOf(value, head, call.meter.usage())));
      } catch (error) {
        if (isCancelled) return;
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
export async function wholeAnswer({ call, pieces }: OpenCall): Promise<Response> {
  const whole = await collectAnswer(pieces);
  return Response.json(completionOf(whole, headOf(call), call.meter.usage()));
}

function headOf(call: Call): AnswerHead {
  return { id: call.id, created: Math.floor(call.startedAt.getTime() / 1000) };
}
