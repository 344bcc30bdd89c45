export type { QueueBackend } from './backend.ts';
export { createTaskQueue, type TaskQueueOptions } from './create-task-queue.ts';
export { QueueUnavailableError } from './queue-error.ts';
