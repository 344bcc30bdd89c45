import { describe, expect, it } from 'vitest';
import { decodeOutput, decodeText } from './text.ts';

describe('decodeText', () => {
  it.each([
    ['plain text', Buffer.from('größe\n'), { text: 'größe\n', binary: false }],
    [
      'one bad byte among many',
      Buffer.from('latin: \xe9 and more of it', 'latin1'),
      { text: 'latin: \uFFFD and more of it', binary: false },
    ],
    ['a zero byte', Buffer.from('a\0b'), { text: 'a\0b', binary: true }],
    ['noise', Buffer.from([0xff, 0xfe, 0x41]), { text: '\uFFFD\uFFFDA', binary: true }],
    ['nothing', Buffer.alloc(0), { text: '', binary: false }],
  ])('decodes %s', (_name, bytes, expected) => {
    expect(decodeText(bytes)).toEqual(expected);
  });
});

describe('decodeOutput', () => {
  it('says what was dropped and drops characters that the cut split', () => {
    const euro = Buffer.from('€');
    const output = {
      head: Buffer.concat([Buffer.from('start'), euro.subarray(0, 2)]),
      tail: Buffer.concat([euro.subarray(1), Buffer.from('end')]),
      totalBytes: 112,
      truncated: true,
    };
    expect(decodeOutput(output)).toEqual({ text: 'start\n[100 bytes omitted]\nend', binary: false });
  });

  it('keeps a last character that is whole', () => {
    const output = { head: Buffer.from('5 €'), tail: Buffer.from('x'), totalBytes: 10, truncated: true };
    expect(decodeOutput(output).text).toBe('5 €\n[4 bytes omitted]\nx');
  });
});
