export { type FakeHouse, openFakeHouse } from './fake-house.ts';
export { sampleApproval, sampleTask } from './samples.ts';
