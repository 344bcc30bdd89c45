export { type TaskQueueFixture, taskQueueContract } from './task-queue-contract.ts';
