import type { ApprovalView, Step, StepBody, TaskDetail } from './api-types.ts';

/** A stretch of a task's time: who had it, for how long, and what it came to. */
export interface RunSpan {
  readonly kind: 'queue' | 'model' | 'call' | 'wait' | 'note';
  readonly label: string;
  /** The name of a tool or model, and what it did in words. */
  readonly about: string;
  /** Milliseconds since the task was made. */
  readonly start: number;
  readonly duration: number;
  /** It failed, or was denied. */
  readonly isBad: boolean;
  readonly parts: readonly { readonly title: string; readonly text: string }[];
}

export interface RunSums {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly waitedMs: number;
  /** Some token counts are estimates. */
  readonly isEstimated: boolean;
}

/** A task's steps and questions as spans in the order in which they began. Steps carry the time at which they were recorded. */
export function runSpans(task: TaskDetail, now: Date): RunSpan[] {
  const zero = Date.parse(task.createdAt);
  const since = (at: string) => Date.parse(at) - zero;
  const spans: RunSpan[] = [];
  if (task.startedAt !== null && since(task.startedAt) > 0)
    spans.push(plain('queue', 'Queued', '', 0, since(task.startedAt)));
  let previous = task.startedAt === null ? 0 : since(task.startedAt);
  const results = resultsByCall(task.stepList);
  for (const { seq, at, body } of task.stepList) {
    if (body.kind === 'model') spans.push(modelSpan(seq, body, previous, since(at) - previous));
    if (body.kind === 'intent')
      spans.push(callSpan(seq, body, since(at), results.get(body.callId), zero, now));
    if (body.kind === 'note')
      spans.push({
        ...plain('note', `Step ${seq}`, 'told to the model', since(at), 0),
        parts: [{ title: 'Words', text: body.text }],
      });
    previous = since(at);
  }
  spans.push(...task.approvals.map((approval) => waitSpan(approval, zero, now)));
  return spans.sort((one, other) => one.start - other.start);
}

/** What a run took, added up from its steps. */
export function runSums(task: TaskDetail, now: Date): RunSums {
  const models = task.stepList.flatMap(({ body }) => (body.kind === 'model' ? [body] : []));
  const usages = models.flatMap(({ usage }) => (usage ? [usage] : []));
  return {
    inputTokens: usages.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
    outputTokens: usages.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
    modelCalls: models.length,
    toolCalls: task.stepList.filter(({ body }) => body.kind === 'intent').length,
    waitedMs: task.approvals.reduce((sum, approval) => sum + waitSpan(approval, 0, now).duration, 0),
    isEstimated: usages.some(({ estimated }) => estimated),
  };
}

type Result = Extract<StepBody, { kind: 'result' }>;

function resultsByCall(steps: readonly Step[]): Map<string, { body: Result; at: string }> {
  return new Map(
    steps.flatMap(({ body, at }) => (body.kind === 'result' ? [[body.callId, { body, at }] as const] : [])),
  );
}

function plain(
  kind: RunSpan['kind'],
  label: string,
  about: string,
  start: number,
  duration: number,
): RunSpan {
  return { kind, label, about, start, duration: Math.max(0, duration), isBad: false, parts: [] };
}

function modelSpan(
  seq: number,
  body: Extract<StepBody, { kind: 'model' }>,
  start: number,
  duration: number,
): RunSpan {
  const { usage, toolCalls } = body;
  const asked = toolCalls.map((call) => call.function.name).join(', ');
  const tokens =
    usage === null
      ? []
      : [
          {
            title: 'Tokens',
            text: `${usage.inputTokens} in, ${usage.outputTokens} out${usage.estimated ? ' (estimated)' : ''}`,
          },
        ];
  const words = body.text === '' ? [] : [{ title: 'It said', text: body.text }];
  return {
    ...plain(
      'model',
      `Step ${seq} · ${body.model}`,
      asked === '' ? 'answered' : `asked for ${asked}`,
      start,
      duration,
    ),
    parts: [...words, ...tokens],
  };
}

function callSpan(
  seq: number,
  body: Extract<StepBody, { kind: 'intent' }>,
  start: number,
  result: { body: Result; at: string } | undefined,
  zero: number,
  now: Date,
): RunSpan {
  const end = result ? Date.parse(result.at) : now.getTime();
  const parts = [{ title: 'Arguments', text: JSON.stringify(body.arguments, null, 2) }];
  if (result) parts.push({ title: result.body.ok ? 'Result' : 'Failed', text: result.body.content });
  return {
    ...plain(
      'call',
      `Step ${seq} · ${body.tool}`,
      result?.body.activity ?? 'not finished',
      start,
      end - zero - start,
    ),
    isBad: result?.body.ok === false,
    parts,
  };
}

function waitSpan(approval: ApprovalView, zero: number, now: Date): RunSpan {
  const start = Date.parse(approval.askedAt);
  const end = approval.decidedAt === null ? now.getTime() : Date.parse(approval.decidedAt);
  const verdict =
    approval.state === 'pending'
      ? 'waiting for a person'
      : `${approval.state}${approval.scope === null ? '' : ` (${approval.scope})`}${approval.decidedBy === null ? '' : ` by ${approval.decidedBy}`}`;
  const note = approval.note === null ? [] : [{ title: 'They said', text: approval.note }];
  return {
    ...plain('wait', `Question ${approval.code}`, verdict, start - zero, end - start),
    isBad: approval.state === 'denied',
    parts: [
      { title: `${approval.tool}, ${approval.tier}`, text: JSON.stringify(approval.arguments, null, 2) },
      ...note,
    ],
  };
}
