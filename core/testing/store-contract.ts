import { afterEach, describe } from 'vitest';
import { accountsContract } from './store-accounts-contract.ts';
import { budgetContract } from './store-budget-contract.ts';
import { configContract, peopleContract, tourContract } from './store-config-contract.ts';
import { conversationContract } from './store-conversation-contract.ts';
import { effectsContract } from './store-effects-contract.ts';
import { filesContract } from './store-files-contract.ts';
import type { OpenStore, StoreFixture } from './store-fixture.ts';
import { outboxContract } from './store-outbox-contract.ts';
import { schedulesContract } from './store-schedules-contract.ts';
import { tasksContract } from './store-tasks-contract.ts';
import { transactionContract } from './store-transaction-contract.ts';

/** What every `Store`, with its `GatewayStore` and `EventLog`, promises. `create` makes them on an empty database. */
export function storeContract(name: string, create: OpenStore): void {
  describe(`store contract: ${name}`, () => {
    const opened: StoreFixture[] = [];
    const open: OpenStore = async () => {
      const fixture = await create();
      opened.push(fixture);
      return fixture;
    };
    afterEach(async () => {
      for (const { dispose } of opened.splice(0)) await dispose();
    });

    describe('conversations', () => conversationContract(open));
    describe('outbox', () => outboxContract(open));
    describe('tasks', () => tasksContract(open));
    describe('effects', () => effectsContract(open));
    describe('files', () => filesContract(open));
    describe('accounts', () => accountsContract(open));
    describe('budgets', () => budgetContract(open));
    describe('settings', () => configContract(open));
    describe('people', () => peopleContract(open));
    describe('tours', () => tourContract(open));
    describe('schedules', () => schedulesContract(open));
    describe('transactions and epochs', () => transactionContract(open));
  });
}
