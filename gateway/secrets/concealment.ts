const MARK = '[secret]';
/** The end of a cut-off answer is taken for the start of a value from this many characters on. */
const LEAST_START = 6;

/**
 * Takes secrets out of text that came back: as they are and in base64 (also in the middle of other encoded bytes), hex,
 * percent and JSON form, and where the text was cut off inside of one. A help against sites that echo what they
 * were sent; a site that means to give a secret away can write it in any form.
 */
export function concealSecrets(values: readonly string[]): (text: string) => string {
  const forms = [...new Set(values.flatMap(formsOf))].sort((one, other) => other.length - one.length);
  return (text) => {
    let shown = text;
    for (const form of forms) shown = shown.replaceAll(form, MARK);
    return forms.reduce(withoutStartAtEnd, shown);
  };
}

function withoutStartAtEnd(text: string, form: string): string {
  for (let length = Math.min(form.length - 1, text.length); length >= LEAST_START; length -= 1)
    if (text.endsWith(form.slice(0, length))) return text.slice(0, -length) + MARK;
  return text;
}

function formsOf(value: string): string[] {
  const hex = Buffer.from(value, 'utf8').toString('hex');
  const percent = encodeURIComponent(value);
  const base64 = [0, 1, 2].map((offset) => base64Core(value, offset));
  return [
    value,
    hex,
    hex.toUpperCase(),
    percent,
    percent.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    percent.replaceAll('%20', '+'),
    JSON.stringify(value).slice(1, -1),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

/** The characters of base64 that depend on the value alone when so many bytes (modulo 3) stand before it. */
function base64Core(value: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value, 'utf8')]);
  const first = Math.ceil((offset * 8) / 6);
  return bytes.toString('base64').slice(first, Math.floor((bytes.length * 8) / 6));
}
