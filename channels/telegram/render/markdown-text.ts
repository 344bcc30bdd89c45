import type { Definition, List, ListItem, Nodes, Parents, RootContent, Table } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { type Marks, type RichText, type Run, richTextOf } from './rich-text.ts';
import { tableText } from './table-text.ts';

interface Place {
  readonly marks: Marks;
  /** Stands before every line but the first of an item of a list. */
  readonly indent: string;
  readonly definitions: ReadonlyMap<string, Definition>;
}

const GITHUB_FLAVOURED = { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] };

/**
 * Markdown as Telegram shows it: headings bold, lists with dots and numbers, tables aligned in a fixed-width font, code
 * with its language, links behind their words. HTML is shown as it was written.
 */
export function markdownText(markdown: string): RichText {
  const root = fromMarkdown(markdown, GITHUB_FLAVOURED);
  const definitions = new Map(
    root.children.flatMap((node) => (node.type === 'definition' ? [[node.identifier, node] as const] : [])),
  );
  return richTextOf(blocks(root.children, { marks: {}, indent: '', definitions }));
}

/** Blocks below each other, an empty line between. */
function blocks(nodes: readonly RootContent[], place: Place, gap = '\n\n'): Run[] {
  const shown = nodes.filter(({ type }) => type !== 'definition');
  return shown.flatMap((node, index) => [
    ...(index === 0 ? [] : [plain(`${gap}${place.indent}`)]),
    ...runsOf(node, place),
  ]);
}

function plain(text: string): Run {
  return { text, marks: {} };
}

function runsOf(node: Nodes, place: Place): Run[] {
  const { marks } = place;
  switch (node.type) {
    case 'text':
      return [{ text: indented(node.value, place), marks }];
    case 'inlineCode':
      return [{ text: node.value, marks: { code: true } }];
    case 'code':
      return [{ text: node.value, marks: { pre: node.lang ?? '' } }];
    case 'html':
      return [{ text: indented(node.value, place), marks }];
    case 'break':
      return [{ text: `\n${place.indent}`, marks }];
    case 'thematicBreak':
      return [plain('———')];
    case 'strong':
      return inline(node, place, { bold: true });
    case 'heading':
      return inline(node, place, { bold: true, ...(node.depth === 1 ? { underline: true } : {}) });
    case 'emphasis':
      return inline(node, place, { italic: true });
    case 'delete':
      return inline(node, place, { strikethrough: true });
    case 'blockquote':
      return blocks(node.children, marked(place, { blockquote: true })).map((run) => quoted(run));
    case 'list':
      return list(node, place);
    case 'table':
      return [{ text: tableText(cells(node), node.align ?? []), marks: { pre: '' } }];
    case 'footnoteReference':
      return [{ text: `[${node.label ?? node.identifier}]`, marks }];
    case 'footnoteDefinition':
      return [plain(`[${node.label ?? node.identifier}] `), ...blocks(node.children, place)];
    default:
      return linkOrParent(node, place);
  }
}

function linkOrParent(node: Nodes, place: Place): Run[] {
  switch (node.type) {
    case 'link':
      return link(inline(node, place, {}), node.url, place);
    case 'linkReference': {
      const definition = place.definitions.get(node.identifier);
      const words = inline(node, place, {});
      return definition ? link(words, definition.url, place) : words;
    }
    case 'image':
      return link([{ text: node.alt || 'image', marks: place.marks }], node.url, place);
    case 'imageReference': {
      const words = [{ text: node.alt || 'image', marks: place.marks }];
      const definition = place.definitions.get(node.identifier);
      return definition ? link(words, definition.url, place) : words;
    }
    default:
      return 'children' in node ? inline(node, place, {}) : [];
  }
}

function marked(place: Place, marks: Marks): Place {
  return { ...place, marks: { ...place.marks, ...marks } };
}

/** What stands between the blocks of a quotation belongs to it. */
function quoted({ text, marks }: Run): Run {
  return { text, marks: { ...marks, blockquote: true } };
}

function inline(node: Parents, place: Place, marks: Marks): Run[] {
  return node.children.flatMap((child) => runsOf(child, marked(place, marks)));
}

function indented(text: string, { indent }: Place): string {
  return indent === '' ? text : text.replaceAll('\n', `\n${indent}`);
}

/** An address that its words already show needs no link; one that Telegram cannot open stands behind its words. */
function link(words: readonly Run[], url: string, place: Place): Run[] {
  const text = words.map((run) => run.text).join('');
  const bare = text.replace(/\/$/, '');
  if (bare === url.replace(/\/$/, '') || `http://${bare}` === url || `mailto:${bare}` === url)
    return [...words];
  if (text.trim() === '') return [{ text: url, marks: place.marks }];
  if (!isOpenable(url))
    return url === '' ? [...words] : [...words, { text: ` (${url})`, marks: place.marks }];
  return words.map((run) => ({ text: run.text, marks: { ...run.marks, link: url } }));
}

function isOpenable(url: string): boolean {
  const protocol = URL.parse(url)?.protocol;
  return protocol === 'http:' || protocol === 'https:' || protocol === 'tg:';
}

function list(node: List, place: Place): Run[] {
  const gap = node.spread ? '\n\n' : '\n';
  return node.children.flatMap((item, index) => {
    const bullet = node.ordered ? `${(node.start ?? 1) + index}. ` : '• ';
    return [...(index === 0 ? [] : [plain(`${gap}${place.indent}`)]), ...listItem(item, bullet, place)];
  });
}

function listItem(item: ListItem, bullet: string, place: Place): Run[] {
  const mark = item.checked === true ? '☑ ' : item.checked === false ? '☐ ' : bullet;
  const inner = { ...place, indent: `${place.indent}${' '.repeat(mark.length)}` };
  return [{ text: mark, marks: place.marks }, ...blocks(item.children, inner, '\n')];
}

function cells(table: Table): string[][] {
  return table.children.map((row) =>
    row.children.map((cell) =>
      inline(cell, { marks: {}, indent: '', definitions: new Map() }, {})
        .map(({ text }) => text.replace(/\s+/g, ' '))
        .join(''),
    ),
  );
}
