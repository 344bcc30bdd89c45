import {
  type ApprovalDecision,
  type ApprovalScope,
  approvalCodeSchema,
  type Inbound,
  taskIdSchema,
} from '@reeve/core';
import { type Api, problem } from './guard.ts';
import { refuse, valueOr } from './refusal.ts';
import * as routes from './routes.ts';
import { approvalView, scheduleView, taskUsageView, taskView } from './views.ts';

export interface TaskApiDeps {
  readonly channel: string;
  readonly inbound: () => Inbound;
}

/** Adds tasks, and the answers to what they and other cards ask. */
export function addTasks(api: Api, deps: TaskApiDeps): void {
  addApprovals(api, deps);
  addChoices(api, deps);
  api.openapi(routes.listTasks, async (context) => {
    const { state, limit } = context.req.valid('query');
    const tasks = await context.var.visitor.desk.listTasks({ ...(state ? { states: [state] } : {}), limit });
    return context.json({ tasks: tasks.map(taskView) }, 200);
  });
  api.openapi(routes.listSchedules, async (context) =>
    context.json({ schedules: (await context.var.visitor.desk.listSchedules()).map(scheduleView) }, 200),
  );
  api.openapi(routes.getTask, async (context) => {
    const id = taskIdSchema.safeParse(context.req.valid('param').task);
    if (!id.success) return refuse('task-unknown');
    const found = valueOr(await context.var.visitor.desk.getTask(id.data));
    if ('refused' in found) return found.refused;
    const { task, steps, approvals, usage } = found;
    const detail = {
      stepList: steps,
      approvals: approvals.map(approvalView),
      sandbox: task.sandbox,
      usage: taskUsageView(usage),
    };
    return context.json({ ...taskView(task), ...detail }, 200);
  });
  api.openapi(routes.cancelTask, async (context) => {
    const id = taskIdSchema.safeParse(context.req.valid('param').task);
    if (!id.success) return refuse('task-unknown');
    const { visitor } = context.var;
    const task = valueOr(await visitor.desk.cancelTask(id.data, visitor.sender, deps.channel));
    return 'refused' in task ? task.refused : context.json(taskView(task), 200);
  });
}

function addApprovals(api: Api, deps: TaskApiDeps): void {
  api.openapi(routes.listApprovals, async (context) =>
    context.json({ approvals: (await context.var.visitor.desk.pendingApprovals()).map(approvalView) }, 200),
  );
  api.openapi(routes.getApproval, async (context) => {
    const code = approvalCodeSchema.safeParse(context.req.valid('param').code);
    if (!code.success) return refuse('approval-unknown');
    const approval = valueOr(await context.var.visitor.desk.getApproval(code.data));
    return 'refused' in approval ? approval.refused : context.json(approvalView(approval), 200);
  });
  api.openapi(routes.decideApproval, async (context) => {
    const code = approvalCodeSchema.safeParse(context.req.valid('param').code);
    if (!code.success) return refuse('approval-unknown');
    const { decision, scope, note } = context.req.valid('json');
    if (decision === 'edit' && !note?.trim())
      return problem('request-malformed', 'note: an edit says what to change') as never;
    const result = await deps.inbound().decide({
      code: code.data,
      decision: decisionOf(decision, scope, note ?? null),
      chat: { channel: deps.channel, externalId: 'api' },
      sender: context.var.visitor.sender,
    });
    if (result.kind === 'refused') return refuse(result.failure.code, result.failure.about);
    return context.json({ sentence: result.sentence }, 200);
  });
}

function addChoices(api: Api, deps: TaskApiDeps): void {
  api.openapi(routes.postChoice, async (context) => {
    const chat = { channel: deps.channel, externalId: 'api' };
    const result = await deps
      .inbound()
      .choose({ ...context.req.valid('json'), chat, sender: context.var.visitor.sender });
    if (result.kind === 'refused') return refuse(result.failure.code, result.failure.about);
    return context.json({ sentence: result.sentence }, 200);
  });
}

function decisionOf(
  kind: ApprovalDecision['kind'],
  scope: ApprovalScope,
  note: string | null,
): ApprovalDecision {
  switch (kind) {
    case 'approve':
      return { kind, scope };
    case 'deny':
      return { kind, note };
    case 'edit':
      return { kind, note: note ?? '' };
    case 'happened':
      return { kind };
  }
}
