import {
  type Conversation,
  type Desk,
  type Outcome,
  type PersonKey,
  type Sender,
  type StatusView,
  type Task,
  taskIdSchema,
} from '@reeve/core';
import type { ApiEvent } from './events.ts';

/** Whoever holds the token of the home. */
export const HOME_OWNER: Sender = { externalId: 'owner', name: 'owner' };

/** Who makes a call, and how far it reaches. */
export interface Visitor {
  readonly sender: Sender;
  readonly role: 'owner' | 'member';
  /** The counter as far as this person sees it. */
  readonly desk: Desk;
  /** The name by which this channel keeps a conversation. */
  keptName(own: string): string;
  /** What this person calls a kept conversation; null when it is not theirs to see. */
  ownName(kept: string): string | null;
  /** Keeps the ids that this person's client gives to its messages apart from those of others. */
  updateId(given: string): string;
}

/** Null for strangers. */
export function visitorOf(desk: Desk, channel: string, externalId: string): Visitor | null {
  const { role, name } = desk.whoIs({ externalId, name: externalId }, channel);
  if (role === 'stranger') return null;
  const sender = { externalId, name };
  if (role === 'owner')
    return { sender, role, desk, keptName: (own) => own, ownName: (kept) => kept, updateId: (id) => id };
  const prefix = `@${encodeURIComponent(externalId)}:`;
  const ownName = (kept: string) => (kept.startsWith(prefix) ? kept.slice(prefix.length) : null);
  return {
    sender,
    role,
    desk: memberDesk(desk, { channel, externalId, ownName }),
    keptName: (own) => prefix + own,
    ownName,
    updateId: (id) => prefix + id,
  };
}

/** An event as this person sees it; null when it is none of theirs. */
export function eventFor(visitor: Visitor, event: ApiEvent): ApiEvent | null {
  if (!('conversation' in event)) return event;
  const conversation = visitor.ownName(event.conversation);
  return conversation === null ? null : { ...event, conversation };
}

/** Calls that a member may make; what they then reach is theirs. Everything else is the owner's. */
const MEMBERS_CALLS: readonly RegExp[] = [
  /^(GET|POST) \/v1\/conversations(\/[^/]+\/(messages|timeline))?$/,
  /^PUT \/v1\/conversations\/[^/]+\/title$/,
  /^GET \/v1\/(me|events|search|status|tasks|schedules)$/,
  /^GET \/v1\/tasks\/[^/]+$/,
  /^POST \/v1\/tasks\/[^/]+\/cancel$/,
  // Refused by the coordinator, with the words that every channel has for it.
  /^POST \/v1\/(choices|approvals\/[^/]+\/decision)$/,
  /^GET \/v1\/files(\/.*)?$/,
  /^POST \/v1\/(uploads|logout)$/,
];

/** True when somebody of this role may make the call at all. */
export function mayCall(role: Visitor['role'], method: string, path: string): boolean {
  if (role === 'owner') return true;
  const call = `${method === 'HEAD' ? 'GET' : method} ${path}`;
  return MEMBERS_CALLS.some((allowed) => allowed.test(call));
}

/** A member's counter: their own conversations and the tasks in them; no money, no models, no questions, no secrets of the house. */
function memberDesk(
  desk: Desk,
  { channel, externalId, ownName }: PersonKey & { ownName: Visitor['ownName'] },
): Desk {
  async function conversations(): Promise<Conversation[]> {
    return (await desk.listConversations()).flatMap((conversation) => {
      const { chat } = conversation;
      const name = chat.channel === channel ? ownName(chat.externalId) : null;
      return name === null ? [] : [{ ...conversation, chat: { channel, externalId: name } }];
    });
  }
  async function seer(): Promise<(task: Pick<Task, 'conversationId'>) => boolean> {
    const ids = new Set((await conversations()).map(({ id }) => id));
    return ({ conversationId }) => ids.has(conversationId);
  }
  async function guarded<T>(id: Task['id'], act: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const found = await desk.getTask(id);
    const sees = await seer();
    if (found.kind === 'ok' && sees(found.value.task)) return act();
    return { kind: 'failed', failure: { code: 'task-unknown', about: id } };
  }
  return {
    whoIs: desk.whoIs,
    listConversations: conversations,
    async status() {
      return memberStatus(await desk.status(), await seer());
    },
    async listTasks({ limit, ...filter }) {
      const sees = await seer();
      return (await desk.listTasks({ ...filter, limit: TASKS_LOOKED_AT })).filter(sees).slice(0, limit);
    },
    getTask: (id) => guarded(id, () => desk.getTask(id)),
    cancelTask: (id, by, from) => guarded(id, () => desk.cancelTask(id, by, from)),
    async listMessages(id, before, limit) {
      return (await seer())({ conversationId: id }) ? desk.listMessages(id, before, limit) : [];
    },
    async openFile(path) {
      const folder = taskIdSchema.safeParse(path.split('/')[0]);
      const found = folder.success && (await desk.getTask(folder.data));
      if (found && found.kind === 'ok' && (await seer())(found.value.task)) return desk.openFile(path);
      return desk.openUpload(path, { channel, externalId });
    },
    openUpload: desk.openUpload,
    saveUpload: desk.saveUpload,
    listSettings: () => [],
    async listSchedules() {
      const sees = await seer();
      return (await desk.listSchedules()).filter(({ schedule }) => sees(schedule));
    },
    pendingApprovals: async () => [],
    getApproval: async (code) => ({ kind: 'failed', failure: { code: 'approval-unknown', about: code } }),
    listRounds: async () => [],
    listExchanges: async () => [],
    listFiles: (prefix) => desk.listUploads({ channel, externalId }, prefix),
    listUploads: desk.listUploads,
    checkAudit: desk.checkAudit,
  };
}

const TASKS_LOOKED_AT = 1000;
const NOTHING = { tokens: 0, micros: 0 };
const NO_CAP = { tokens: null, micros: null };

function memberStatus(status: StatusView, sees: (task: Pick<Task, 'conversationId'>) => boolean): StatusView {
  const nothing = (of: string) => ({ of, spent: NOTHING, cap: NO_CAP });
  return {
    limit: status.limit,
    running: status.running.filter(sees),
    waiting: status.waiting.filter(sees),
    queued: status.queued.filter(sees),
    paused: status.paused.filter(sees),
    approvals: [],
    scheduled: status.scheduled.filter(({ schedule }) => sees(schedule)),
    answering: status.answering.filter(sees),
    today: { finished: 0, failed: 0, modelCalls: 0, inputTokens: 0, outputTokens: 0 },
    spending: {
      day: nothing(status.spending.day.of),
      month: nothing(status.spending.month.of),
      shares: [],
      topTasks: [],
      unpricedModels: [],
    },
    trouble: [],
    model: '',
    webSearch: '',
    hearing: '',
    speaking: '',
  };
}
