import type { AuditCheckpoints, BudgetPlan, Clock, Desk, FileEntry, Store, StoredFile } from '@reeve/core';
import { checkAudit } from './audit-checkpoints.ts';
import type { Drive } from './drive.ts';
import type { People } from './people.ts';
import { whenText } from './schedules/say-when.ts';
import type { SettingsDesk } from './settings-desk.ts';
import { taskUsage } from './spending.ts';
import type { StatusReader } from './status.ts';
import type { TaskDesk } from './task-desk.ts';
import { deskFor } from './task-reach.ts';

const FILE_LIMIT = 1000;

/** The counter at which API clients read and ask; the same rooms serve chat commands. */
export function createDesk(deps: {
  store: Store;
  checkpoints: AuditCheckpoints;
  clock: Clock;
  taskDesk: TaskDesk;
  drive: Drive;
  status: StatusReader;
  config: Pick<SettingsDesk, 'views'>;
  people: Pick<People, 'roleOf' | 'called'>;
  /** Caps of the settings. */
  caps: () => BudgetPlan['caps'];
}): Desk {
  const { store, drive, people } = deps;
  return {
    status: deps.status,
    listSettings: () => deps.config.views(),
    listTasks: (filter) => store.tasks.list(filter),
    async getTask(id) {
      const task = await store.tasks.get(id);
      if (!task) return { kind: 'failed', failure: { code: 'task-unknown', about: id } };
      const [steps, approvals, usage] = await Promise.all([
        store.steps.list(id),
        store.approvals.forTask(id),
        taskUsage(store, id, deps.caps()),
      ]);
      return { kind: 'ok', value: { task, steps, approvals, usage } };
    },
    async cancelTask(id, by, channel) {
      const task = await store.tasks.get(id);
      if (!task) return { kind: 'failed', failure: { code: 'task-unknown', about: id } };
      const { conversationId } = task;
      const entry = { sender: by, conversationId, chat: { channel, externalId: '' } };
      return deskFor(deps, { role: people.roleOf(by, channel), entry }).cancel(id, `person:${by.name}`);
    },
    whoIs: (sender, channel) => ({
      role: people.roleOf(sender, channel),
      name: people.called(sender, channel).name,
    }),
    listSchedules: async () =>
      (await store.schedules.standing()).map((schedule) => ({ schedule, when: whenText(schedule) })),
    pendingApprovals: () => store.approvals.pending(),
    async getApproval(code) {
      const approval = await store.approvals.get(code);
      return approval
        ? { kind: 'ok', value: approval }
        : { kind: 'failed', failure: { code: 'approval-unknown', about: code } };
    },
    listConversations: () => store.conversations.list(),
    listMessages: (conversationId, before, limit) => store.messages.recent(conversationId, limit, before),
    listRounds: (turnId) => store.turns.rounds(turnId),
    listExchanges: (turnId) => store.turns.exchanges(turnId),
    listFiles: async (prefix) => (await store.files.list(prefix, FILE_LIMIT)).map(asEntry),
    listUploads: async (person, prefix) =>
      (await store.files.uploadsOf(person, prefix, FILE_LIMIT)).map(asEntry),
    async openUpload(path, { channel, externalId }) {
      const file = await store.files.get(path);
      const isTheirs = file?.uploader?.channel === channel && file.uploader.externalId === externalId;
      return isTheirs ? drive.open(path) : { kind: 'failed', failure: { code: 'file-unknown', about: path } };
    },
    checkAudit: () => checkAudit(store, deps.checkpoints),
    openFile: (path) => drive.open(path),
    saveUpload: (name, content, by, channel) => drive.upload(name, content, { ...by, channel }),
  };
}

function asEntry({ path, bytes, sha256, modifiedAt }: StoredFile): FileEntry {
  return { path, bytes, sha256, modifiedAt };
}
