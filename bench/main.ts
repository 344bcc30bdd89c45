import { loadavg } from 'node:os';
import type { Figure } from './figure.ts';
import { describeMachine } from './machine.ts';
import type { Section } from './section.ts';
import { measureApproval } from './sections/approval.ts';
import { measureAudit } from './sections/audit.ts';
import { measureGateway } from './sections/gateway.ts';
import { measureInstall } from './sections/install.ts';
import { measureMemory } from './sections/memory.ts';
import { measureReply } from './sections/reply.ts';
import { measureSandbox } from './sections/sandbox.ts';
import { measureStart } from './sections/start.ts';
import { measureStep } from './sections/step.ts';
import { measureTaskStart } from './sections/task-start.ts';
import { measureTelegram } from './sections/telegram.ts';
import { measureWeb } from './sections/web.ts';
import { createServers, hasServers } from './servers.ts';
import { renderTable } from './table.ts';

const SECTIONS: ReadonlyMap<string, Section> = new Map([
  ['reply', measureReply],
  ['task-start', measureTaskStart],
  ['step', measureStep],
  ['memory', measureMemory],
  ['start', measureStart],
  ['install', measureInstall],
  ['approval', measureApproval],
  ['audit', measureAudit],
  ['web', measureWeb],
  ['sandbox', measureSandbox],
  ['gateway', measureGateway],
  ['telegram', measureTelegram],
]);

/** Measures the named sections, or all, one after the other. Progress goes to stderr, the report to stdout. */
async function bench(wanted: readonly string[], asJson: boolean): Promise<number> {
  const unknown = wanted.filter((name) => !SECTIONS.has(name));
  if (unknown.length > 0) {
    console.error(
      `There is no section ${unknown.join(', ')}. There are: ${[...SECTIONS.keys()].join(', ')}.`,
    );
    return 2;
  }
  const machine = await describeMachine();
  const loadBefore = loadNow();
  const figures: Figure[] = [];
  const failed: string[] = [];
  await using servers = createServers();
  for (const [name, measure] of SECTIONS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const startedAt = performance.now();
    try {
      figures.push(...(await measure({ servers })));
    } catch (error) {
      failed.push(name);
      console.error(`${name} could not be measured:`, error);
    }
    console.error(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  }
  const load = { before: loadBefore, after: loadNow() };
  if (!hasServers())
    console.error('Postgres or Redis is not installed: the figures on servers are left out.');
  if (asJson) console.log(JSON.stringify({ machine, load, failed, sections: figures }, null, 2));
  else {
    const { cores, cpu, memoryMb, system, node } = machine;
    const busy = `load ${load.before.toFixed(2)} before and ${load.after.toFixed(2)} after`;
    console.log(`${cores} × ${cpu}, ${memoryMb} MB, ${system}, Node ${node}, ${busy}\n`);
    console.log(renderTable(figures));
  }
  return failed.length === 0 ? 0 : 1;
}

/** Mean number of processes that ran or wanted to, over the last minute. */
function loadNow(): number {
  return loadavg()[0] ?? 0;
}

const options = process.argv.slice(2);
process.exitCode = await bench(
  options.filter((option) => !option.startsWith('--')),
  options.includes('--json'),
);
