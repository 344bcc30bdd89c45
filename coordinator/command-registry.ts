import type { Clock, Failure, InboxEntry, Records, Role, Store } from '@reeve/core';
import type { ApprovalDesk } from './approval-desk.ts';
import type { ConnectionsReader } from './connections.ts';
import type { Drive } from './drive.ts';
import type { Onboarding } from './onboarding.ts';
import type { People } from './people.ts';
import type { ScheduleRoom } from './schedules/schedule-room.ts';
import type { CoordinatorSettings } from './settings.ts';
import type { SettingsDesk } from './settings-desk.ts';
import type { StatusReader } from './status.ts';
import type { Asker, ReachableDesk } from './task-reach.ts';

/** What commands work with. None of it needs a model. */
export interface CommandDeps {
  readonly store: Store;
  /** Reaches as far as whoever typed the command. */
  readonly taskDesk: ReachableDesk;
  readonly approvals: ApprovalDesk;
  readonly schedules: Omit<ScheduleRoom, 'fireDue'>;
  readonly drive: Drive;
  readonly status: StatusReader;
  readonly config: SettingsDesk;
  readonly people: People;
  readonly onboarding: Pick<Onboarding, 'begin' | 'choose'>;
  readonly connections: ConnectionsReader;
  readonly hasChannel: (name: string) => boolean;
  /** Which models answer now, in words. */
  readonly modelSummary: () => string;
  /** Whether voice notes are listened to and answers read out, and by whom. */
  readonly speech: CoordinatorSettings['speech'];
  /** Breaks off the answer that is being made in a conversation; false when none is. */
  readonly stopTurn: (asker: Asker) => boolean;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly timeZone: () => string;
}

export interface CommandCall {
  readonly entry: InboxEntry;
  readonly name: string;
  /** What follows the command's name, trimmed. */
  readonly rest: string;
  readonly role: Role;
}

export type CommandAnswer =
  | {
      readonly kind: 'text';
      readonly markdown: string;
      /** Written in the transaction that answers, after the answer. */
      readonly also?: (records: Records) => Promise<void>;
    }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** One slash command; the one registry of them feeds every channel's menu and `/help`. */
export interface Command {
  readonly name: string;
  /** What may follow the name, for `/help`. */
  readonly usage: string;
  readonly description: string;
  readonly ownerOnly: boolean;
  run(deps: CommandDeps, call: CommandCall): Promise<CommandAnswer>;
}

export function answer(
  markdown: string,
  also: (records: Records) => Promise<void> = async () => undefined,
): CommandAnswer {
  return { kind: 'text', markdown, also };
}

export function failed(code: Failure['code'], about?: string): CommandAnswer {
  return { kind: 'failed', failure: about === undefined ? { code } : { code, about } };
}
