import { createProbeLauncher } from './probe-launcher.ts';

/** A process that launches one pair, runs the probes it was told, prints their values as one JSON line and waits. */
const [base = '', ...codes] = process.argv.slice(2);
const { launcher, launch } = await createProbeLauncher(base);
const pair = await launch('ticket-of-a-child');
const values: unknown[] = [];
for (const code of codes) values.push(await pair.probe('sandbox', code));
process.stdout.write(`${JSON.stringify({ values, level: await launcher.level() })}\n`);
