/** One way of asking for a place: a URL, and what its name resolves to when it has one. */
export interface AddressCase {
  readonly url: string;
  /** What the resolver answers; empty for a literal address. */
  readonly resolved: readonly string[];
}

/** First, last or well-known addresses of each IPv4 block that is not the public internet. */
const CLOSED_V4 = [
  '0.0.0.0',
  '0.0.0.1',
  '0.255.255.255',
  '10.0.0.0',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.0',
  '100.100.100.200',
  '100.127.255.255',
  '127.0.0.1',
  '127.0.0.53',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '172.16.0.1',
  '172.17.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '192.168.255.255',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.7',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
];

const CLOSED_V6 = [
  '::',
  '::1',
  'fe80::1',
  'febf::1',
  'fec0::1',
  'fc00::1',
  'fd00::1',
  'fd00:ec2::254',
  'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  'ff02::1',
  'ff05::1:3',
  '100::1',
  '2001:db8::1',
  '3fff::1',
  '2001::1',
  '2001:2::1',
  '2001:10::1',
  '2001:20::1',
  '2001:1ff::1',
  '64:ff9b:1::1',
  '64:ff9b:1:808:8:800::',
  '5f00::1',
  '4000::1',
  '1::1',
];

/** Hosts of URLs that name an IPv4 address in another way than in four decimal numbers. */
function notationsOf(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const whole = ((a * 256 + b) * 256 + c) * 256 + d;
  const hex = (value: number) => value.toString(16);
  const octal = (value: number) => `0${value.toString(8)}`;
  const high = hex(a * 256 + b);
  const low = hex(c * 256 + d);
  return [
    address,
    `${address}.`,
    String(whole),
    `0x${hex(whole)}`,
    octal(whole),
    [a, b, c, d].map(octal).join('.'),
    [a, b, c, d].map((part) => `0x${hex(part)}`).join('.'),
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${(b * 256 + c) * 256 + d}`,
    `${octal(a)}.0x${hex(b)}.${c}.${octal(d)}`,
    address.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    address.replace(/\d/g, (digit) => `%3${digit}`),
    address.replaceAll('.', '。'),
    ...embeddings(address, high, low).map((text) => `[${text}]`),
  ];
}

/** IPv6 addresses with an IPv4 one inside: mapped, compatible, NAT64, 6to4, ISATAP, Teredo (RFC 4380: inverted). */
function embeddings(address: string, high: string, low: string): string[] {
  const inverted = address.split('.').map((part) => 255 - Number(part));
  const pair = (index: number) => (((inverted[index] ?? 0) << 8) | (inverted[index + 1] ?? 0)).toString(16);
  return [
    `::ffff:${address}`,
    `::ffff:${high}:${low}`,
    `0:0:0:0:0:ffff:${high}:${low}`,
    `::${address}`,
    `::ffff:0:${address}`,
    `64:ff9b::${address}`,
    `64:ff9b::${high}:${low}`,
    `2002:${high}:${low}::1`,
    `2606:4700::5efe:${address}`,
    `2606:4700::200:5efe:${high}:${low}`,
    `2001:0:4136:e378:8000:63bf:${pair(0)}:${pair(2)}`,
  ];
}

/** Every closed address in every notation, as a literal and behind a name that resolves to it. */
export function closedCases(): AddressCase[] {
  const literal = [...CLOSED_V4.flatMap(notationsOf), ...CLOSED_V6.map((address) => `[${address}]`)].map(
    (host) => ({ url: `http://${host}/latest/meta-data`, resolved: [] }),
  );
  const hex = (parts: readonly number[]) => ((parts[0] ?? 0) * 256 + (parts[1] ?? 0)).toString(16);
  const resolvable = CLOSED_V4.flatMap((address) => {
    const parts = address.split('.').map(Number);
    return [address, ...embeddings(address, hex(parts.slice(0, 2)), hex(parts.slice(2)))];
  });
  const named = [...resolvable, ...CLOSED_V6, 'fe80::1%eth0'].flatMap((address, index) => [
    { url: `https://name-${index}.example.org/`, resolved: [address] },
    { url: `https://both-${index}.example.org/`, resolved: ['93.184.215.14', address] },
  ]);
  return [...literal, ...named];
}

/** Addresses beside each closed block, and of well-known public services. */
const PUBLIC = [
  '1.0.0.1',
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '93.184.215.14',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '140.82.121.4',
  '151.101.1.69',
  '168.63.129.15',
  '168.63.129.17',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '172.217.16.142',
  '185.199.108.133',
  '191.255.255.255',
  '192.0.1.0',
  '192.0.3.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '198.51.99.255',
  '203.0.112.255',
  '203.0.114.0',
  '223.255.255.255',
  '2001:200::1',
  '2001:4860:4860::8888',
  '2400:cb00:2048::6810:1',
  '2606:4700:4700::1111',
  '2606:2800:21f:cb07:6820:80da:af6b:8b2c',
  '2620:fe::fe',
  '2800:3f0:4001::1',
  '2a00:1450:4001:829::200e',
  '2a04:4e42::223',
  '2c0f:fb50:4003::1',
  '64:ff9b::808:808',
  '::ffff:8.8.8.8',
];

/** Public places: each address as a literal and behind a name, and names with pairs of them. */
export function publicCases(): AddressCase[] {
  return PUBLIC.flatMap((address, index) => {
    const host = address.includes(':') ? `[${address}]` : address;
    const other = PUBLIC[(index + 7) % PUBLIC.length] ?? address;
    return [
      { url: `https://${host}/`, resolved: [] },
      { url: `http://${host}:8080/`, resolved: [] },
      { url: `https://site-${index}.example.org/`, resolved: [address] },
      { url: `https://xn--bcher-kva-${index}.example.co.uk:8443/`, resolved: [address] },
      { url: `https://pair-${index}.example.com./`, resolved: [address, other] },
    ];
  });
}
