import { expect, it } from 'vitest';
import { parseHostPort } from './host.ts';

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
