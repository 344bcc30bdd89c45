export { storeContract } from './store-contract.ts';
export type { OpenStore, StoreFixture } from './store-fixture.ts';
export { type TaskQueueFixture, taskQueueContract } from './task-queue-contract.ts';
