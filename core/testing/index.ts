export { type CardSample, readCardSamples } from './card-samples.ts';
export { type ModelFixture, modelContract } from './model-contract.ts';
export { makePdf } from './pdf.ts';
export { sampleAssignment } from './sample-assignment.ts';
export { sampleSchedule, wishedSchedule } from './sample-schedule.ts';
export {
  callsTools,
  createScriptedModel,
  fails,
  type ScriptedCall,
  type ScriptedModel,
  type ScriptStep,
  says,
} from './scripted-model.ts';
export { storeContract } from './store-contract.ts';
export type { OpenStore, StoreFixture } from './store-fixture.ts';
export { SAMPLE_LEVEL } from './store-samples.ts';
export { type TaskQueueFixture, taskQueueContract } from './task-queue-contract.ts';
