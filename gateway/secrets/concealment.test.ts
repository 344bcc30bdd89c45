import fc from 'fast-check';
import { expect, it } from 'vitest';
import { concealSecrets } from './concealment.ts';

const VALUE = 'pa+ss/wo"rd %1';
const hide = concealSecrets([VALUE]);

it.each([
  ['as it is', `token ${VALUE}.`, 'token [secret].'],
  ['twice', `${VALUE}${VALUE}`, '[secret][secret]'],
  ['hex', Buffer.from(VALUE).toString('hex'), '[secret]'],
  ['percent', `?q=${encodeURIComponent(VALUE)}&x`, '?q=[secret]&x'],
  ['JSON', JSON.stringify({ key: VALUE }), '{"key":"[secret]"}'],
  ['cut off', `body: ${VALUE.slice(0, 10)}`, 'body: [secret]'],
  ['nothing of it', 'the tide turns at noon', 'the tide turns at noon'],
])('%s', (_form, text, shown) => {
  expect(hide(text)).toBe(shown);
});

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
