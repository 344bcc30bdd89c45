import { fileAddress } from './api-client.ts';
import { el } from './dom.ts';
import { type MarkdownBlock, parseMarkdown } from './markdown.ts';
import type { Inline } from './markdown-inline.ts';
import { showHidden } from './visible-text.ts';

/** Headings of a message begin below those of the page. */
const HEADINGS = ['h3', 'h4', 'h5', 'h6'] as const;

/** A message's Markdown as elements. Nothing in it is run or loaded; links say where they lead. */
export function renderMarkdown(text: string): HTMLElement {
  return el('div', { class: 'prose' }, ...parseMarkdown(showHidden(text)).map(renderBlock));
}

function renderBlock(block: MarkdownBlock): HTMLElement {
  switch (block.kind) {
    case 'paragraph':
      return el('p', {}, ...block.inline.map(renderInline));
    case 'heading':
      return el(
        HEADINGS[Math.min(block.level, HEADINGS.length) - 1] ?? 'h6',
        {},
        ...block.inline.map(renderInline),
      );
    case 'code':
      return el('pre', { tabindex: 0, 'aria-label': 'code', role: 'region' }, el('code', {}, block.text));
    case 'quote':
      return el('blockquote', {}, ...block.blocks.map(renderBlock));
    case 'rule':
      return el('hr');
    case 'list':
      return block.start === null
        ? el('ul', {}, ...block.items.map(renderItem))
        : el('ol', { start: block.start }, ...block.items.map(renderItem));
    case 'table':
      return renderTable(block);
  }
}

function renderItem(blocks: readonly MarkdownBlock[]): HTMLElement {
  const [first, ...rest] = blocks;
  if (first?.kind !== 'paragraph') return el('li', {}, ...blocks.map(renderBlock));
  return el('li', {}, ...first.inline.map(renderInline), ...rest.map(renderBlock));
}

function renderTable({ head, rows }: Extract<MarkdownBlock, { kind: 'table' }>): HTMLElement {
  const row = (cells: readonly (readonly Inline[])[], tag: 'th' | 'td') =>
    el('tr', {}, ...cells.map((cell) => el(tag, {}, ...cell.map(renderInline))));
  return el(
    'div',
    { class: 'table', tabindex: 0, role: 'region', 'aria-label': 'table' },
    el(
      'table',
      {},
      el('thead', {}, row(head, 'th')),
      el('tbody', {}, ...rows.map((cells) => row(cells, 'td'))),
    ),
  );
}

function renderInline(inline: Inline): Node {
  switch (inline.kind) {
    case 'text':
      return document.createTextNode(inline.text);
    case 'code':
      return el('code', {}, inline.text);
    case 'strong':
      return el('strong', {}, ...inline.inner.map(renderInline));
    case 'emphasis':
      return el('em', {}, ...inline.inner.map(renderInline));
    case 'strike':
      return el('s', {}, ...inline.inner.map(renderInline));
    case 'break':
      return el('br');
    case 'file':
      return fileLink(inline.path);
    case 'link':
      return webLink(inline.label, inline.url);
  }
}

/** A link that downloads one of the owner's files. */
export function fileLink(path: string): HTMLElement {
  return el('a', { class: 'file', href: fileAddress(path), download: '' }, path);
}

/** A link whose words do not name its host has the host behind them, so that nobody is led astray. */
function webLink(label: string, url: string): HTMLElement {
  const link = el('a', { href: url, target: '_blank', rel: 'noopener noreferrer', title: url }, label);
  const host = hostOf(url);
  if (host === '' || label.includes(host)) return link;
  return el('span', {}, link, el('span', { class: 'host' }, ` (${host})`));
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}
