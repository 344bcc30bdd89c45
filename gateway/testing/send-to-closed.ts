import { readFileSync } from 'node:fs';
import { egressRequestSchema } from '@reeve/core';
import { silentLog } from '@reeve/postgres/testing';
import { closedRanges } from '../egress/address-class.ts';
import { DEFAULT_EGRESS_LIMITS } from '../egress/egress-limits.ts';
import { createSystemNetwork } from '../egress/network.ts';
import { createWebClient, type WebOutcome } from '../egress/web-client.ts';
import { type AddressCase, closedCases } from './address-table.ts';
import { systemClock } from './egress-bench.ts';

/**
 * A program for a network namespace of its own: asks the gateway's client for every closed place with real sockets, then
 * for a public one as the control, and prints as JSON what this namespace has sent in between.
 */
const system = createSystemNetwork();
const resolved = new Map<string, readonly string[]>();
const client = createWebClient({
  network: {
    resolve: async (host) => resolved.get(host) ?? [],
    connect: (address, port) => system.connect(address, port),
  },
  privateHosts: [],
  closedRanges: closedRanges([]),
  clock: systemClock,
  limits: { ...DEFAULT_EGRESS_LIMITS, connectMs: 500 },
  log: silentLog,
});

async function send(one: AddressCase): Promise<WebOutcome['kind']> {
  resolved.set(new URL(one.url).hostname.replace(/\.$/, ''), one.resolved);
  const request = egressRequestSchema.parse({ method: 'GET', url: one.url });
  const outcome = await client.send(
    { request, capabilities: [], beforeSending: async () => undefined },
    new AbortController().signal,
  );
  return outcome.kind;
}

/** TCP segments and UDP datagrams sent in this namespace since it began, both IP versions. */
function packetsSent(): number {
  const numbers = new Map<string, number>();
  for (const file of ['/proc/self/net/snmp', '/proc/self/net/snmp6']) {
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    for (const [index, line] of lines.entries()) {
      const [name = '', ...values] = line.split(/\s+/);
      if (!name.endsWith(':')) numbers.set(name, Number(values[0]));
      else if (/[a-z]/i.test(values[0] ?? ''))
        for (const [column, field] of values.entries())
          numbers.set(`${name}${field}`, Number(lines[index + 1]?.split(/\s+/)[column + 1]));
    }
  }
  const counted = ['Tcp:OutSegs', 'Tcp:ActiveOpens', 'Udp:OutDatagrams', 'Udp6OutDatagrams'];
  return counted.reduce((sum, name) => sum + (numbers.get(name) ?? Number.NaN), 0);
}

const cases = closedCases();
const outcomes: string[] = [];
const before = packetsSent();
for (const one of cases) outcomes.push(await send(one));
const afterClosed = packetsSent();
await send({ url: 'http://93.184.215.14/', resolved: [] });
await send({ url: 'http://[2606:4700::1111]/', resolved: [] });
const afterPublic = packetsSent();
process.stdout.write(
  JSON.stringify({
    cases: cases.length,
    outcomes: [...new Set(outcomes)],
    toClosed: afterClosed - before,
    toPublic: afterPublic - afterClosed,
  }),
);
