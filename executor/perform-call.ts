import {
  fromWireName,
  isEffectTool,
  parseToolArguments,
  type StepBody,
  shorten,
  TOOLS,
  type ToolArguments,
  type ToolName,
  toolParameters,
  toWireName,
} from '@reeve/core';
import { z } from 'zod';
import type { Journal, OpenCall } from './journal.ts';
import type { ToolContext, ToolTable } from './tools/tool.ts';
import { boundContent, type ToolResult } from './tools/tool-result.ts';

export const INTERRUPTED =
  'INTERRUPTED: the worker was restarted while this ran; nobody knows how far it got. It was not run again.';

/** Names in it come from the model and from scratch, and can be as long as paths. */
const SHOWN_ACTIVITY = 300;

export interface CallPerformer {
  /** Runs one call of the model and writes its intent before and its result after. */
  perform(call: OpenCall): Promise<void>;
}

type Intent = Extract<StepBody, { kind: 'intent' }>;

type ReadCall =
  | { readonly kind: 'call'; readonly name: ToolName; readonly input: Intent['arguments'] }
  | { readonly kind: 'wrong'; readonly name: string; readonly problem: string };

/**
 * Carries out calls as the durable loop demands: intent before, result after. A call whose intent an earlier attempt
 * wrote runs again only if that changes nothing; effects are declared again and the coordinator knows what came of
 * them. What is wrong with a call is told to the model, which may try again.
 */
export function createCallPerformer(deps: {
  journal: Journal;
  table: ToolTable;
  /** Names on the wire; other tools do not exist for this task. */
  offered: readonly string[];
  context: Omit<ToolContext, 'callId'>;
  now: () => number;
}): CallPerformer {
  const { journal, now } = deps;

  async function writeResult(
    callId: string,
    tool: string,
    result: ToolResult,
    startedAt: number,
  ): Promise<void> {
    await journal.append({
      kind: 'result',
      callId,
      tool,
      ...result,
      content: boundContent(result.content),
      activity: shorten(result.activity, SHOWN_ACTIVITY),
      durationMs: Math.round(now() - startedAt),
    });
  }

  return {
    async perform(call) {
      const startedAt = now();
      const read = readCall(call, deps.offered);
      if (read.kind === 'wrong') {
        const activity = `made a call that makes no sense (${shorten(read.name, 40)})`;
        return writeResult(call.callId, read.name, { ok: false, content: read.problem, activity }, startedAt);
      }
      const definition = TOOLS.get(read.name);
      if (call.begun && !isEffectTool(read.name) && !definition?.repeatable) {
        return writeResult(
          call.callId,
          read.name,
          { ok: false, content: INTERRUPTED, activity: 'was interrupted' },
          startedAt,
        );
      }
      if (!call.begun)
        await journal.append({ kind: 'intent', callId: call.callId, tool: read.name, arguments: read.input });
      const result = await runTool(deps.table, read.name, read.input, {
        ...deps.context,
        callId: call.callId,
      });
      await writeResult(call.callId, read.name, result, startedAt);
    },
  };
}

function readCall({ name, json }: OpenCall, offered: readonly string[]): ReadCall {
  const tool = fromWireName(name);
  if (!tool || !offered.includes(toWireName(tool)))
    return {
      kind: 'wrong',
      name,
      problem: `There is no tool “${shorten(name, 60)}”. There are: ${offered.join(', ')}. Nothing was done.`,
    };
  const read = parseToolArguments(json);
  if (read.kind === 'not-json')
    return {
      kind: 'wrong',
      name: tool,
      problem: `The arguments of ${tool} are not valid JSON. Nothing was done.`,
    };
  const parsed = toolParameters[tool].safeParse(read.value);
  if (!parsed.success) {
    return {
      kind: 'wrong',
      name: tool,
      problem: `Wrong arguments for ${tool}; nothing was done. ${z.prettifyError(parsed.error)}`,
    };
  }
  return { kind: 'call', name: tool, input: parsed.data as Intent['arguments'] };
}

/** The table is keyed by the tool's name and the input was checked against that tool's schema. */
function runTool<Name extends ToolName>(
  table: ToolTable,
  name: Name,
  input: object,
  context: ToolContext,
): Promise<ToolResult> {
  return table[name](input as ToolArguments<Name>, context);
}
