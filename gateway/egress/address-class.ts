import { BlockList, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Whether an address belongs to the public internet; `range` says what it is when it does not. */
export type AddressClass = { readonly kind: 'public' } | { readonly kind: 'closed'; readonly range: string };

/** For protocols as a whole (RFC 2928); `ipaddr.js` knows only the parts of it that are given out. */
const PROTOCOL_BLOCK = ipaddr.IPv6.parseCIDR('2001::/23');
/** All that is routed so far (IANA IPv6 address space registry). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** The well-known prefix (RFC 6052) carries an IPv4 address in its last four bytes; local prefixes need not. */
const NAT64_BLOCK = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
const NAT64_PREFIX_BYTES = 12;
const OWN = 'closed by the operator';
/** Azure's platform answers its machines here, from a block that is public everywhere else. */
const AZURE_PLATFORM = '168.63.129.16';

/** Of ranges such as `203.0.114.0/24` or `2a01::/32`; throws for what is none. */
export function closedRanges(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix = ''] = range.split('/');
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}

/**
 * Classifies an address by the IANA special-purpose registries: only globally routed unicast is public, but for what the
 * operator has closed (`own`) and the one address at which a cloud serves its machines. An address that carries an IPv4
 * one in it is as public as that one where a public form is in use (IPv4-mapped, NAT64), and closed where none is
 * (IPv4-compatible, 6to4, Teredo, ISATAP). What is not an address is closed.
 */
export function classifyAddress(text: string, own?: BlockList): AddressClass {
  if (isIPv4(text)) return classifyV4(ipaddr.IPv4.parse(text), own);
  const address = parseV6(text);
  if (address === null) return closed('not an address');
  if (address.isIPv4MappedAddress()) return classifyV4(address.toIPv4Address(), own);
  if (address.match(NAT64_BLOCK))
    return classifyV4(new ipaddr.IPv4(address.toByteArray().slice(NAT64_PREFIX_BYTES)), own);
  const range = address.range();
  if (range !== 'unicast') return closed(range);
  if (address.match(PROTOCOL_BLOCK)) return closed('reserved');
  if (!address.match(GLOBAL_UNICAST)) return closed('reserved');
  if (own?.check(address.toNormalizedString(), 'ipv6')) return closed(OWN);
  return isIsatap(address) ? closed('isatap') : { kind: 'public' };
}

/** By way of the URL parser, which knows no zones and writes all in hex: `ipaddr.js` takes `::1.2.3.4` for mapped. */
function parseV6(text: string): ipaddr.IPv6 | null {
  const hex = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
  return hex === undefined ? null : ipaddr.IPv6.parse(hex);
}

function classifyV4(address: ipaddr.IPv4, own?: BlockList): AddressClass {
  if (own?.check(address.toString(), 'ipv4')) return closed(OWN);
  if (address.toString() === AZURE_PLATFORM) return closed('metadata');
  const range = address.range();
  return range === 'unicast' ? { kind: 'public' } : closed(range);
}

/** An interface identifier `[02]00:5efe:<IPv4>` (RFC 5214): a router of such a site would unpack it. */
function isIsatap(address: ipaddr.IPv6): boolean {
  const [, , , , high = 0, low = 0] = address.parts;
  return (high & 0xfdff) === 0 && low === 0x5efe;
}

function closed(range: string): AddressClass {
  return { kind: 'closed', range };
}
