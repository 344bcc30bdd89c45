import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concealSecrets } from './concealment.ts';

const VALUE = 'pa+ss/wo"rd %1';
const hide = concealSecrets([VALUE]);

it.each([
  ['as it is', `token ${VALUE}.`, 'token [secret].'],
  ['twice', `${VALUE}${VALUE}`, '[secret][secret]'],
  ['hex', Buffer.from(VALUE).toString('hex'), '[secret]'],
  ['percent', `?q=${encodeURIComponent(VALUE)}&x`, '?q=[secret]&x'],
  ['JSON', JSON.stringify({ key: VALUE }), '{"key":"[secret]"}'],
  ['nothing of it', 'the tide turns at noon', 'the tide turns at noon'],
])('%s', (_form, text, shown) => {
  expect(hide(text)).toBe(shown);
});

const KEY = `wJalrXUtnFEMI/K7MDENG+bPxRfiCY&EX"AMPLE'K\\E<Y=`;
const json = (text: string) => JSON.stringify(text).slice(1, -1);
const hexEntity = (character: string) => `&#x${character.charCodeAt(0).toString(16)};`;

it.each<[string, (value: string) => string]>([
  ['PHP’s JSON', (value) => json(value).replaceAll('/', '\\/')],
  ['Go’s JSON', (value) => json(value).replace(/[<&]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)],
  ['JSON in JSON in JSON', (value) => json(json(json(value)))],
  [
    'JSON of escapes alone',
    (value) =>
      value.replace(/./g, (one) => `\\u${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`),
  ],
  ['HTML', (value) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&#39;')],
  ['HTML in HTML', (value) => value.replaceAll('&', '&amp;amp;').replaceAll('"', '&amp;quot;')],
  ['HTML in hexadecimal', (value) => value.replace(/\W/g, hexEntity)],
  ['Python’s quote', (value) => encodeURIComponent(value).replaceAll('%2F', '/').replaceAll("'", '%27')],
  ['a form', (value) => new URLSearchParams({ k: value }).toString().slice(2)],
  [
    'percent signs in small letters, twice',
    (value) => encodeURIComponent(encodeURIComponent(value)).toLowerCase(),
  ],
  ['JSON in an address', (value) => encodeURIComponent(json(value))],
  ['a host name', (value) => value.toLowerCase()],
  ['a shell’s quotes', (value) => value.replace(/\W/g, '\\$&')],
  ['UTF-16', (value) => Buffer.from(value, 'utf16le').toString('latin1').slice(0, -1)],
])('in the notation of %s', (_name, write) => {
  for (const value of [KEY, `&${KEY}%`, `"${KEY}&`, KEY.repeat(20)])
    expect(concealSecrets([value])(`<a>${write(value)}</a>`)).toMatch(/^<a>(?:\\{0,7}|%5C)\[secret\]<\/a>$/);
});

it.each([
  ['CRLF every 76', 76, '\r\n'],
  ['LF every 64', 64, '\n'],
  ['LF in JSON', 64, '\\n'],
])('takes out base64 in lines: %s', (_name, width, end) => {
  const value = KEY.repeat(4);
  const lines =
    Buffer.from(`user:${value}`)
      .toString('base64')
      .match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
  expect(concealSecrets([value])(lines.join(end))).toMatch(/^.{6,8}\[secret\].{0,4}$/);
});

describe('the start of a value at the end', () => {
  it.each([
    ['as it is', VALUE.slice(0, 10)],
    ['in percent form, cut in mid-code', encodeURIComponent(VALUE).slice(0, 17)],
    ['in JSON', json(json(VALUE)).slice(0, 15)],
    ['in hex', Buffer.from(VALUE).toString('hex').slice(0, 9)],
    ['in base64', Buffer.from(VALUE).toString('base64').slice(0, 9)],
  ])('%s goes from a text that was cut off, and only from there', (_form, start) => {
    expect(hide(`body: ${start}`, true)).toBe('body: [secret]');
    expect(hide(`body: ${start}`)).toBe(`body: ${start}`);
  });

  it('stays while it is shorter than six characters', () => {
    expect(hide(`body: ${VALUE.slice(0, 5)}`, true)).toBe(`body: ${VALUE.slice(0, 5)}`);
  });
});

/** Processor time of looking through a text, in microseconds: what else the machine does counts little. */
function effort(body: string, value: string): number {
  const conceal = concealSecrets([value]);
  const before = process.cpuUsage();
  expect(conceal(body, true).length).toBeGreaterThan(9_000_000);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

it.each(['\\', `w${'\\'.repeat(15)}`, `${KEY.slice(0, -1)} `])(
  'looks through 10 MB of %j about as fast as through other text, also for a long value',
  (piece) => {
    const [body, other] = [piece, 'the tide turns at noon '].map((text) =>
      text.repeat(10_000_000 / text.length),
    );
    // Measured: up to 5 times. Where time grew with the square of a row's length it was thousands.
    for (const value of [KEY, KEY.repeat(85)])
      expect(effort(body ?? '', value)).toBeLessThan(100 * effort(other ?? '', value));
  },
);

it('takes out base64 wherever the value stands in what was encoded', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  fc.assert(
    fc.property(text, text, fc.constantFrom('base64', 'base64url'), (before, after, encoding) => {
      const shown = hide(Buffer.from(`${before}${VALUE}${after}`).toString(encoding as 'base64'));
      expect(shown).toContain('[secret]');
      expect(Buffer.from(shown.replace('[secret]', ''), 'base64').toString()).not.toContain(
        VALUE.slice(1, -1),
      );
    }),
  );
});

it('takes the longer of two values out whole', () => {
  expect(concealSecrets(['abcdefgh', 'abcdefghij'])('abcdefghij')).toBe('[secret]');
});
