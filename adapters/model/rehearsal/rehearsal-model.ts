import type { ChatChunk, ChatRequest, Clock, Model } from '@reeve/core';
import { coordinatorMove } from './coordinator-plan.ts';
import { executorMove } from './executor-plan.ts';
import { asksForNotes, notesOf } from './notes-plan.ts';
import type { Move } from './plan.ts';

const MODEL_NAME = 'rehearsal';
/** An answer streams in pieces of some words, but in no more than this many, however long it is. */
const SMALLEST_PIECE = 16;
const MOST_PIECES = 40;
const PAUSE_MS = 2;
const CHARACTERS_PER_TOKEN = 4;

/**
 * Answers when no model is configured: a deterministic stand-in that says what it is and drives the real machinery by
 * a fixed grammar. It keeps nothing between calls: the same messages give the same answer.
 */
export function createRehearsalModel({ clock }: { clock: Clock }): Model {
  return {
    async *stream(request, signal) {
      signal.throwIfAborted();
      const move = moveFor(request, clock.now());
      const pieces = move.kind === 'answer' ? textPieces(move.text) : callPieces(move, request);
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) await clock.sleep(PAUSE_MS, signal);
        yield piece;
      }
      yield endOf(request, move);
    },
  };
}

function moveFor(request: ChatRequest, now: Date): Move {
  if (request.role === 'executor') return executorMove(request);
  return asksForNotes(request) ? { kind: 'answer', text: notesOf(request) } : coordinatorMove(request, now);
}

function textPieces(text: string): ChatChunk[] {
  const size = Math.max(SMALLEST_PIECE, Math.ceil(text.length / MOST_PIECES));
  const characters = [...text];
  const pieces: ChatChunk[] = [];
  for (let from = 0; from < characters.length; from += size)
    pieces.push({ kind: 'text', text: characters.slice(from, from + size).join('') });
  return pieces;
}

/** Ids are unique within a conversation: they count on from the calls that it holds. */
function callPieces({ calls }: Extract<Move, { kind: 'call' }>, { messages }: ChatRequest): ChatChunk[] {
  const earlier = messages.flatMap((message) =>
    message.role === 'assistant' ? (message.tool_calls ?? []) : [],
  );
  return calls.map((call, index) => ({
    kind: 'tool-call',
    index,
    id: `call_${earlier.length + index + 1}`,
    name: call.tool,
    arguments: JSON.stringify(call.arguments),
  }));
}

function endOf(request: ChatRequest, move: Move): ChatChunk {
  return {
    kind: 'end',
    reason: move.kind === 'call' ? 'tool-calls' : 'stop',
    usage: {
      inputTokens: tokensIn([request.messages, request.tools]),
      outputTokens: tokensIn(move.kind === 'call' ? move.calls : move.text),
      estimated: true,
    },
    model: MODEL_NAME,
  };
}

function tokensIn(value: unknown): number {
  return Math.ceil(JSON.stringify(value).length / CHARACTERS_PER_TOKEN);
}
