import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddressCase, closedCases, publicCases } from '../testing/address-table.ts';
import { systemClock } from '../testing/egress-bench.ts';
import { classifyAddress, closedRanges } from './address-class.ts';
import { checkDestination, type DestinationDeps } from './destination.ts';
import { DEFAULT_EGRESS_LIMITS } from './egress-limits.ts';

const never = new AbortController().signal;

function depsFor(
  resolved: readonly string[],
  privateHosts: DestinationDeps['privateHosts'] = [],
  ranges: readonly string[] = [],
): DestinationDeps {
  return {
    network: {
      resolve: async () => resolved,
      connect: () => {
        throw new Error('nothing is connected to here');
      },
    },
    privateHosts,
    closedRanges: closedRanges(ranges),
    clock: systemClock,
    limits: DEFAULT_EGRESS_LIMITS,
  };
}

async function check({ url, resolved }: AddressCase) {
  const { hostname, port, protocol } = new URL(url);
  const target = { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
  return checkDestination(target, depsFor(resolved), never);
}

async function refusedOf(cases: readonly AddressCase[]): Promise<AddressCase[]> {
  const refused: AddressCase[] = [];
  for (const one of cases) if ((await check(one)).kind === 'refused') refused.push(one);
  return refused;
}

describe('where a request may go', () => {
  it('not to what the operator has closed, in any notation, unless an exemption names it', async () => {
    const ranges = ['8.8.4.0/24', '2a01:4f8::/32'];
    const checkOne = (host: string, resolved: string, exempt: DestinationDeps['privateHosts'] = []) =>
      checkDestination({ host, port: 443 }, depsFor([resolved], exempt, ranges), never);
    for (const address of ['8.8.4.4', '::ffff:8.8.4.4', '64:ff9b::8.8.4.4', '2a01:4f8:1::1'])
      expect(await checkOne('example.org', address)).toEqual({
        kind: 'refused',
        reason: `it is at ${address}, which is not on the public internet (closed by the operator)`,
      });
    for (const address of ['8.8.5.4', '2a01:4f9::1'])
      expect((await checkOne('example.org', address)).kind).toBe('open');
    const exempt = [{ host: 'example.org', port: 443 }];
    expect((await checkOne('example.org', '8.8.4.4', exempt)).kind).toBe('open');
  });

  it('refuses every closed address in every notation and behind every kind of name', async () => {
    const cases = closedCases();
    expect(cases.length).toBeGreaterThanOrEqual(500);
    const refused = new Set(await refusedOf(cases));
    expect(cases.filter((one) => !refused.has(one))).toEqual([]);
  });

  it('lets public places through', async () => {
    const cases = publicCases();
    expect(cases.length).toBeGreaterThanOrEqual(200);
    expect(await refusedOf(cases)).toEqual([]);
  });

  it('keeps the addresses that it has checked, so that nothing is resolved twice', async () => {
    const outcome = await check({ url: 'https://a.example.org/', resolved: ['1.1.1.1', '8.8.8.8'] });
    expect(outcome).toEqual({
      kind: 'open',
      destination: { host: 'a.example.org', port: 443, addresses: ['1.1.1.1', '8.8.8.8'] },
    });
  });

  it.each([21, 22, 25, 465, 587, 6379, 6667])('refuses port %d, where nobody speaks HTTP', async (port) => {
    const outcome = await checkDestination({ host: 'a.example.org', port }, depsFor(['1.1.1.1']), never);
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'nothing is sent to that port' });
  });

  it('says so when a name has no address', async () => {
    const network = { ...depsFor([]).network, resolve: () => Promise.reject(new Error('ENOTFOUND')) };
    const outcome = await checkDestination(
      { host: 'nowhere.example.org', port: 443 },
      { ...depsFor([]), network },
      never,
    );
    expect(outcome).toEqual({ kind: 'refused', reason: 'no address is known for it' });
  });

  it.each([
    { name: 'the name', exempt: { host: 'nas.lan', port: 80 }, isOpen: true },
    { name: 'the address', exempt: { host: '192.168.0.9', port: 80 }, isOpen: true },
    { name: 'another port', exempt: { host: 'nas.lan', port: 81 }, isOpen: false },
    { name: 'another host', exempt: { host: 'lan', port: 80 }, isOpen: false },
  ])('an exemption of $name: open is $isOpen', async ({ exempt, isOpen }) => {
    const deps = depsFor(['192.168.0.9'], [exempt]);
    const outcome = await checkDestination({ host: 'NAS.lan.', port: 80 }, deps, never);
    expect(outcome.kind).toBe(isOpen ? 'open' : 'refused');
  });
});

describe('classifyAddress', () => {
  it('never takes text that is no address for a public one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain()), (text) => {
        const isAddress = URL.canParse(`http://[${text}]/`) || /^\d+\.\d+\.\d+\.\d+$/.test(text);
        return isAddress || classifyAddress(text).kind === 'closed';
      }),
    );
  });

  it('judges a mapped address as the address in it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(classifyAddress(`::ffff:${address}`)).toEqual(classifyAddress(address));
        expect(classifyAddress(`64:ff9b::${address}`)).toEqual(classifyAddress(address));
      }),
    );
  });
});
