import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { makePdf } from '@reeve/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { documentScript } from './document-script.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reeve-documents-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the script prints of these bytes, by a real bash, Node and poppler-utils. */
function factsOf(content: string | Buffer, name = 'it’s a file.bin', path = process.env['PATH']): unknown {
  writeFileSync(join(folder, name), content);
  const env = { PATH: `${dirname(process.execPath)}:${path}` };
  const printed = execFileSync('/bin/bash', ['--norc', '-c', documentScript(name)], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return JSON.parse(printed);
}

/** A ZIP archive of these parts, packed; sums are left out, as nothing here reads them. */
function zip(parts: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(parts)) {
    const data = deflateRawSync(text);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), data);
    entries.push(entry, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(parts).length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...entries, end]);
}

describe('what a command finds in', () => {
  it('a PDF: title, pages, words and the first sentences', () => {
    const pages = ['Rents rose in May. Three farms paid late.', 'The mill needs a new wheel.'];
    expect(factsOf(makePdf({ title: 'The (spring) accounts', pages }))).toMatchObject({
      kind: 'PDF document',
      title: 'The (spring) accounts',
      pages: 2,
      words: 14,
      begins: 'Rents rose in May. Three farms paid late. The mill needs a new wheel.',
    });
  });

  it('a PDF that is none inside, and a PDF where nothing reads one', () => {
    expect(factsOf('%PDF-1.4\nrubbish')).toMatchObject({ problem: expect.stringContaining('trailer') });
    const bare = join(folder, 'bin');
    const pdf = makePdf({ title: 'x', pages: ['y'] });
    expect(factsOf(pdf, 'x.pdf', bare)).toMatchObject({ lacks: 'poppler-utils' });
  });

  it('office files', () => {
    const word = zip({
      'word/document.xml':
        '<w:document><w:p><w:t>One &amp; two.</w:t></w:p><w:p><w:t>Three &#233;.</w:t></w:p></w:document>',
      'docProps/core.xml': '<cp:p><dc:title>Minutes</dc:title></cp:p>',
    });
    expect(factsOf(word)).toMatchObject({
      kind: 'Word document',
      title: 'Minutes',
      words: 5,
      begins: 'One & two. Three é.',
    });
    const slides = zip({
      'ppt/slides/slide1.xml': '<a:p>Hello</a:p>',
      'ppt/slides/slide2.xml': '<a:p>World</a:p>',
    });
    expect(factsOf(slides)).toMatchObject({ kind: 'PowerPoint presentation', pages: 2, words: 2 });
    expect(factsOf(zip({ 'content.xml': '<text:p>Open</text:p>' }))).toMatchObject({
      kind: 'OpenDocument file',
    });
    expect(factsOf(zip({ 'a.txt': 'x' }))).toMatchObject({ kind: 'ZIP archive', begins: 'It holds a.txt' });
  });

  it('pictures: type and size, nothing of what they show', () => {
    const png = Buffer.alloc(24);
    png.write('89504e470d0a1a0a', 'hex');
    png.writeUInt32BE(640, 16);
    png.writeUInt32BE(480, 20);
    expect(factsOf(png)).toEqual({ bytes: 24, kind: 'PNG image', width: 640, height: 480 });
    const jpeg = Buffer.from('ffd8ffe00004000000ffc0000b0801e00280030000', 'hex');
    expect(factsOf(jpeg)).toMatchObject({ kind: 'JPEG image' });
    const gif = Buffer.from('474946383961100020000000', 'hex');
    expect(factsOf(gif)).toMatchObject({ kind: 'GIF image', width: 16, height: 32 });
  });

  it('web pages without their scripts, texts, and what it does not know', () => {
    const page =
      '<!doctype html><html><head><title>A &lt; B</title></head><body><script>alert(1)</script><p>Shown.</p></body></html>';
    expect(factsOf(page)).toMatchObject({ kind: 'web page', title: 'A < B', words: 1, begins: 'Shown.' });
    expect(factsOf('Plain words.\n')).toMatchObject({ kind: 'text', words: 2 });
    expect(factsOf(Buffer.from([0, 1, 2, 255]))).toMatchObject({
      kind: 'file of a kind that I do not know',
    });
    expect(factsOf('')).toMatchObject({ kind: 'text', words: 0 });
  });
});
