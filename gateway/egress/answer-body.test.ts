import { describe, expect, it } from 'vitest';
import { concealSecrets } from '../secrets/concealment.ts';
import { encodeBodyWithoutSecrets } from './answer-body.ts';

const VALUE = 'canary-value-0123456789';
const hide = concealSecrets([VALUE]);
const shown = (bytes: Uint8Array, type: string, truncated = false) =>
  encodeBodyWithoutSecrets({ bytes, truncated }, type, hide);

describe('a body that holds a secret', () => {
  it('is text without it, in UTF-16 too', () => {
    expect(shown(Buffer.from(`grün ${VALUE}.`), 'text/plain')).toEqual({
      body: 'grün [secret].',
      encoding: 'text',
    });
    expect(shown(Buffer.from(`grün ${VALUE}.`, 'utf16le'), 'text/plain; charset=utf-16le')).toEqual({
      body: 'grün [secret].',
      encoding: 'text',
    });
  });

  it('is bytes without it where the charset is another than the body’s', () => {
    for (const given of [`to ${VALUE}`, `two ${VALUE}`]) {
      const { body, encoding } = shown(Buffer.from(given), 'text/plain; charset=utf-16le');
      const bytes = encoding === 'text' ? Buffer.from(body, 'utf16le') : Buffer.from(body, 'base64');
      expect(bytes.toString('latin1')).not.toContain(VALUE);
    }
  });

  it('is rid of the start of one at its end when it was cut off, and only then', () => {
    const start = Buffer.from(VALUE.slice(0, 10));
    expect(shown(start, 'text/plain', true).body).toBe('[secret]');
    expect(shown(start, 'text/plain').body).toBe(VALUE.slice(0, 10));
  });
});
