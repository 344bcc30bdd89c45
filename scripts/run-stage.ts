import { spawn } from 'node:child_process';
import process from 'node:process';

/** One thing to run: a program, its arguments, and what its environment holds besides ours. */
export interface Stage {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

/** How a stage ended. `output` is what it printed, both streams in the order they came. */
export interface StageResult {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly output: string;
}

/**
 * Runs one stage to its end and keeps what it printed; `echo` also passes it on as it comes. A program that cannot
 * be started is a stage that failed, so the caller has one kind of answer.
 */
export function runStage(stage: Stage, options: { readonly echo?: boolean } = {}): Promise<StageResult> {
  const [program, ...args] = stage.command;
  const startedAt = performance.now();
  let output = '';
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...stage.environment, FORCE_COLOR: undefined, NO_COLOR: '1' },
    });
    const keep = (chunk: string) => {
      output += chunk;
      if (options.echo === true) process.stdout.write(chunk);
    };
    const end = (passed: boolean) =>
      resolve({ name: stage.name, passed, output, seconds: (performance.now() - startedAt) / 1000 });
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => {
      keep(`${program}: ${error.message}\n`);
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}

/** Two at a time: more than the two cores of a small machine only makes each of them slower. */
const width = 2;

/**
 * Runs the stages, two at a time and in the order given, prints a line as each ends, and then what the failed ones
 * printed.
 */
export async function runStages(stages: readonly Stage[]): Promise<StageResult[]> {
  const waiting = [...stages];
  const results: StageResult[] = [];
  const runWaiting = async () => {
    for (let stage = waiting.shift(); stage !== undefined; stage = waiting.shift()) {
      const result = await runStage(stage);
      console.log(describeStage(result));
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: width }, runWaiting));
  for (const { name, passed, output } of results)
    if (!passed) console.log(`\n${name} failed:\n${output.trim()}\n`);
  return results;
}

/** One line that says how a stage ended and what it cost. */
export function describeStage({ name, passed, seconds }: StageResult): string {
  return `${passed ? 'ok  ' : 'FAIL'}  ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s`;
}
