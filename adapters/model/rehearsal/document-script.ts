import { shellQuoted } from './number-script.ts';

/**
 * A command that looks into a scratch file and prints what it found as one line of JSON (`documentFactsSchema`). The
 * kind is told by the bytes, never by the name. It needs Node, which every sandbox has, and for PDF files pdfinfo and
 * pdftotext of poppler-utils. Its first line says in words what it does, for whoever reads what was run.
 */
export function documentScript(file: string): string {
  return [
    `# look into ${file.replace(/\s+/g, ' ')}: what it is, title, pages, words, first sentences`,
    `node --input-type=module - ${shellQuoted(file)} <<'SCRIPT'`,
    SCRIPT.trim(),
    'SCRIPT',
  ].join('\n');
}

const SCRIPT = String.raw`
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const MOST = 64 * 1024 * 1024;
const file = process.argv[2];
const bytes = readFileSync(file);
const starts = (text, at = 0) => bytes.toString('latin1', at, at + text.length) === text;

function textFacts(text) {
  const plain = text.replace(/\s+/g, ' ').trim();
  let begins = '';
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'sentence' }).segment(plain.slice(0, 2000))) {
    if (begins !== '' && begins.length + segment.length > 400) break;
    begins += segment;
  }
  return { words: plain === '' ? 0 : plain.split(' ').length, begins: begins.trim().slice(0, 600) };
}

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
function withoutTags(markup, paragraphs) {
  return markup
    .replace(/<(script|style|head)\b[\s\S]*?<\/\1\s*>/gi, ' ')
    .replace(paragraphs, '$&\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (sign, hex, decimal, name) => {
      if (name) return NAMED[name.toLowerCase()] ?? sign;
      const code = hex ? parseInt(hex, 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : sign;
    });
}
const titleIn = (markup, tag) => {
  const found = new RegExp('<' + tag + '\\b[^>]*>([\\s\\S]*?)</' + tag + '>', 'i').exec(markup);
  return found ? withoutTags(found[1], /$^/).replace(/\s+/g, ' ').trim() : '';
};

function pdf() {
  const options = { encoding: 'utf8', maxBuffer: MOST, stdio: ['ignore', 'pipe', 'pipe'] };
  try {
    const about = execFileSync('pdfinfo', ['-enc', 'UTF-8', file], options);
    const text = execFileSync('pdftotext', ['-enc', 'UTF-8', '-nopgbrk', file, '-'], options);
    const field = (name) => new RegExp('^' + name + ':[ \\t]+(.*)$', 'm').exec(about)?.[1].trim() ?? '';
    return { kind: 'PDF document', title: field('Title'), pages: Number(field('Pages')) || 0, ...textFacts(text) };
  } catch (error) {
    if (error.code === 'ENOENT') return { kind: 'PDF document', lacks: 'poppler-utils' };
    return { kind: 'PDF document', problem: String(error.stderr || error.message).trim().split('\n')[0].slice(0, 200) };
  }
}

function unzipped() {
  const parts = new Map();
  const end = bytes.lastIndexOf(Buffer.from('504b0506', 'hex'));
  if (end < 0) return parts;
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0 && at + 46 <= bytes.length; left -= 1) {
    const [method, packed] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const [name, extra, note] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const local = bytes.readUInt32LE(at + 42);
    const path = bytes.toString('utf8', at + 46, at + 46 + name);
    parts.set(path, () => {
      const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
      const data = bytes.subarray(from, from + packed);
      return (method === 0 ? data : inflateRawSync(data, { maxOutputLength: MOST })).toString('utf8');
    });
    at += 46 + name + extra + note;
  }
  return parts;
}

function office() {
  const parts = unzipped();
  const read = (name) => parts.get(name)?.() ?? '';
  const slides = [...parts.keys()].filter((name) => /^ppt\/slides\/slide\d+\.xml$/.test(name));
  const title = titleIn(read('docProps/core.xml') + read('meta.xml'), 'dc:title');
  const from = (kind, markup, more = {}) => ({
    kind, title, ...more, ...textFacts(withoutTags(markup, /<\/(?:w:p|a:p|text:p|text:h|si)>/g)),
  });
  if (parts.has('word/document.xml')) return from('Word document', read('word/document.xml'));
  if (slides.length > 0) return from('PowerPoint presentation', slides.map(read).join('\n'), { pages: slides.length });
  if (parts.has('xl/workbook.xml')) return from('Excel workbook', read('xl/sharedStrings.xml'));
  if (parts.has('content.xml')) return from('OpenDocument file', read('content.xml'));
  return { kind: 'ZIP archive', begins: 'It holds ' + [...parts.keys()].slice(0, 12).join(', '), files: parts.size };
}

function jpegSize() {
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    const isFrame = bytes[at + 1] >= 0xc0 && bytes[at + 1] <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(bytes[at + 1]);
    if (isFrame) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
  }
  return {};
}
function webpSize() {
  if (starts('VP8X', 12)) return { width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) };
  if (starts('VP8 ', 12)) return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  const bits = bytes.readUInt32LE(21);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
}

function facts() {
  if (starts('%PDF-')) return pdf();
  if (starts('PK\x03\x04')) return office();
  if (starts('\x89PNG\r\n\x1a\n') && bytes.length >= 24)
    return { kind: 'PNG image', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  if (starts('GIF8') && bytes.length >= 10)
    return { kind: 'GIF image', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  if (starts('\xff\xd8\xff')) return { kind: 'JPEG image', ...jpegSize() };
  if (starts('RIFF') && starts('WEBP', 8) && bytes.length >= 30) return { kind: 'WebP image', ...webpSize() };
  const text = bytes.toString('utf8');
  if (text.includes('\0') || text.includes('\ufffd')) return { kind: 'file of a kind that I do not know' };
  if (/^\s*<(?:!doctype html|html)\b/i.test(text))
    return { kind: 'web page', title: titleIn(text, 'title'), ...textFacts(withoutTags(text, /<\/(?:p|h\d|li|div|tr)>/gi)) };
  return { kind: 'text', ...textFacts(text) };
}

let found;
try {
  found = facts();
} catch (error) {
  found = { kind: 'file', problem: String(error.message).slice(0, 200) };
}
console.log(JSON.stringify({ bytes: bytes.length, ...found }));
`;
