import { type BlockList, isIP } from 'node:net';
import { type Clock, formatHostPort, type HostPort } from '@reeve/core';
import { classifyAddress } from './address-class.ts';
import { within } from './deadline.ts';
import type { EgressLimits } from './egress-limits.ts';
import type { Network } from './network.ts';

/** Where a connection may go: the addresses were resolved once and checked, and nothing else is connected to. */
export interface Destination extends HostPort {
  readonly addresses: readonly [string, ...string[]];
}

export type DestinationCheck =
  | { readonly kind: 'open'; readonly destination: Destination }
  /** `reason` is a clause about the place, as “it is …”. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface DestinationDeps {
  readonly network: Network;
  readonly privateHosts: readonly HostPort[];
  /** Closed though public elsewhere: what the operator's own machines stand in. */
  readonly closedRanges: BlockList;
  readonly clock: Clock;
  readonly limits: EgressLimits;
}

/** Mail and chat relays, and services that take commands from whatever arrives; none of them speaks HTTP. */
const CLOSED_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 17, 19, 21, 22, 23, 25, 53, 69, 110, 111, 119, 123, 135, 137, 138, 139, 143, 161, 179,
  389, 445, 465, 512, 513, 514, 515, 548, 587, 636, 993, 995, 2049, 3306, 3389, 5432, 6000, 6379, 6566, 6665,
  6666, 6667, 6668, 6669, 6697, 10_080, 11_211, 27_017,
]);
/** Of a name with many addresses, the first few are tried. */
const MOST_ADDRESSES = 4;

/**
 * Resolves a host once and refuses it when any of its addresses is not on the public internet, so that a name which
 * answers with both cannot choose. The operator's exemptions name host and port exactly, as asked for or as resolved.
 */
export async function checkDestination(
  { host, port }: HostPort,
  deps: DestinationDeps,
  signal: AbortSignal,
): Promise<DestinationCheck> {
  const name = plainHost(host);
  const exempts = (place: string) => isExempt({ host: place, port }, deps.privateHosts);
  if (CLOSED_PORTS.has(port) && !exempts(name)) return refused('nothing is sent to that port');
  const found = await addressesOf(name, deps, signal);
  if (found.kind === 'refused') return found;
  for (const address of found.addresses) {
    const found = classifyAddress(address, deps.closedRanges);
    if (found.kind === 'closed' && !exempts(name) && !exempts(address))
      return refused(`${placeOf(name, address)} is not on the public internet (${found.range})`);
  }
  return { kind: 'open', destination: { host: name, port, addresses: found.addresses } };
}

/** Whether the operator has named exactly this host or address with this port. */
export function isExempt({ host, port }: HostPort, privateHosts: readonly HostPort[]): boolean {
  return privateHosts.some((exempt) => plainHost(exempt.host) === plainHost(host) && exempt.port === port);
}

/** A URL's host as resolvers and certificates know it: no brackets, no trailing dot. */
export function plainHost(host: string): string {
  return host.replace(/^\[|\]$|\.$/g, '').toLowerCase();
}

type Addresses =
  | { readonly kind: 'addresses'; readonly addresses: Destination['addresses'] }
  | { readonly kind: 'refused'; readonly reason: string };

async function addressesOf(
  host: string,
  { network, clock, limits }: DestinationDeps,
  signal: AbortSignal,
): Promise<Addresses> {
  if (isIP(host)) return { kind: 'addresses', addresses: [host] };
  try {
    const [first, ...rest] = await within(network.resolve(host), clock, limits.connectMs, signal);
    if (first === undefined) return refused('it has no address');
    return { kind: 'addresses', addresses: [first, ...rest.slice(0, MOST_ADDRESSES - 1)] };
  } catch {
    // Why a name has no address (unknown, timeout, broken resolver) makes no difference to the caller.
    signal.throwIfAborted();
    return refused('no address is known for it');
  }
}

function placeOf(host: string, address: string): string {
  return host === address ? 'it' : `it is at ${address}, which`;
}

function refused(reason: string): { readonly kind: 'refused'; readonly reason: string } {
  return { kind: 'refused', reason };
}

/** Why there is no connection, as a sentence. */
export function noWayTo(target: HostPort, reason: string): string {
  return `There is no way to ${formatHostPort({ ...target, host: target.host.replace(/\.$/, '') })}: ${reason}.`;
}
