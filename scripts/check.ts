import process from 'node:process';
import { checkStages, vitestStage } from './check-stages.ts';
import { runStages } from './run-stage.ts';

const startedAt = performance.now();
const results = await runStages([vitestStage('unit'), ...checkStages]);
const failed = results.filter(({ passed }) => !passed).map(({ name }) => name);
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
console.log(
  failed.length === 0 ? `all passed in ${seconds} s` : `failed: ${failed.join(', ')} (${seconds} s)`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
