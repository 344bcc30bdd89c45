import { expect, it } from 'vitest';
import { parseHostPort, parsePrivateHost } from './host.ts';

it.each([
  ['example.org', 443, 443],
  ['example.org', 8443, 8443],
  ['example.org:80', 8443, 80],
])('reads “%s” beside port %d as port %d', (text, beside, port) => {
  expect(parseHostPort(text, beside)).toEqual({ kind: 'host', address: { host: 'example.org', port } });
});

it.each([443.5, Number.NaN, 0, -443, 65_536, Number.POSITIVE_INFINITY])('refuses %d as a port', (port) => {
  expect(parseHostPort('example.org', port)).toEqual({ kind: 'refused', reason: `${port} is not a port` });
});

it.each(['example.org:0', 'example.org:65536', 'example.org:443.5', 'example.org:'])(
  'refuses “%s”',
  (text) => {
    expect(parseHostPort(text).kind).toBe('refused');
  },
);

it.each([
  ['nas:80', 'nas', 80],
  ['my_nas.lan:80', 'my_nas.lan', 80],
  ['10.0.0.5:8080', '10.0.0.5', 8080],
  ['[fd00::5]:443', '[fd00::5]', 443],
  ['bücher.lan:80', 'xn--bcher-kva.lan', 80],
])('reads “%s” as a private host', (text, host, port) => {
  expect(parsePrivateHost(text)).toEqual({ kind: 'host', address: { host, port } });
});

it.each(['nas..lan:80', '-nas:80', 'nas-:80', '.lan:80', 'a,b:80', "a'b:80"])(
  'refuses “%s” as a private host',
  (text) => {
    expect(parsePrivateHost(text).kind).toBe('refused');
  },
);
