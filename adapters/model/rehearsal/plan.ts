import { type ChatMessage, type ChatRequest, canonicalJson, toWireName } from '@reeve/core';

/** A tool call that a plan wants; `tool` is a wire name. */
export interface PlannedCall {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, string | number>>;
}

export interface CallResult {
  readonly content: string;
  /** True when an earlier try of this very call was interrupted. */
  readonly wasInterrupted: boolean;
}

/**
 * What to do, written as if calls returned at once: a plan yields the calls of one round and gets their results. It
 * holds no state; every request runs it anew over the results that the conversation holds (`nextMove`).
 */
export type Plan<Outcome> = Generator<readonly PlannedCall[], Outcome, readonly CallResult[]>;

/** A call that the conversation shows with its result. */
export interface Performed {
  readonly tool: string;
  readonly arguments: string;
  readonly content: string;
}

export type Move =
  | { readonly kind: 'call'; readonly calls: readonly PlannedCall[] }
  | { readonly kind: 'answer'; readonly text: string };

/** How a result begins whose call did not run to its end (see the executor's `INTERRUPTED`). */
const INTERRUPTED = 'INTERRUPTED';

/**
 * Runs a plan over the calls performed so far, up to its first call that has no result yet. The same conversation
 * gives the same move, so a replay after a crash goes on where it was.
 */
export function nextMove(plan: Plan<string>, performed: readonly Performed[]): Move {
  const left = [...performed];
  let step = plan.next();
  while (!step.done) {
    const results = step.value.map((call) => takeResult(left, call));
    const open = step.value.filter((_call, index) => results[index] === null);
    if (open.length > 0) return { kind: 'call', calls: open };
    step = plan.next(results.filter((result) => result !== null));
  }
  return { kind: 'answer', text: step.value };
}

/** The result of the first such call that ran to its end, taken off the list; null when there is none. */
function takeResult(left: Performed[], call: PlannedCall): CallResult | null {
  const wanted = canonicalJson(call.arguments);
  let wasInterrupted = false;
  for (const [index, each] of left.entries()) {
    if (each.tool !== call.tool || each.arguments !== wanted) continue;
    if (each.content.startsWith(INTERRUPTED)) {
      wasInterrupted = true;
      continue;
    }
    left.splice(index, 1);
    return { content: each.content, wasInterrupted };
  }
  return null;
}

/** The calls among these messages that have a result, in order. Calls whose arguments are no JSON count for nothing. */
export function performedIn(messages: readonly ChatMessage[]): Performed[] {
  return messages.flatMap((message, at) => {
    if (message.role !== 'assistant') return [];
    return (message.tool_calls ?? []).flatMap((call) => {
      const content = resultOf(call.id, messages, at);
      const parsed = canonicalArguments(call.function.arguments);
      if (content === null || parsed === null) return [];
      return [{ tool: toWireName(call.function.name), arguments: parsed, content }];
    });
  });
}

/** The result that follows a call, before the next answer: other servers' ids repeat from answer to answer. */
function resultOf(id: string, messages: readonly ChatMessage[], at: number): string | null {
  for (const message of messages.slice(at + 1)) {
    if (message.role === 'assistant') return null;
    if (message.role === 'tool' && message.tool_call_id === id) return message.content;
  }
  return null;
}

function canonicalArguments(json: string): string | null {
  try {
    return canonicalJson(JSON.parse(json === '' ? '{}' : json));
  } catch {
    return null;
  }
}

/** The text of a message's content, whatever its form. */
export function textOf(message: ChatMessage): string {
  const { content } = message;
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** The first wanted tool that the request does not offer; null when all are there. */
export function missingTool(request: ChatRequest, calls: readonly PlannedCall[]): string | null {
  const offered = new Set(request.tools.map((tool) => tool.function.name));
  return calls.find((call) => !offered.has(call.tool))?.tool ?? null;
}
