import type { Style } from './style.ts';
import { visibleWords } from './visible-words.ts';
import { wrapLine } from './wrap-text.ts';

const FENCE = /^\s*(?:```|~~~)/;
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/;
const QUOTE = /^\s*>\s?(.*)$/;
const ITEM = /^(\s*)(?:[-*+]|(\d{1,9}[.)]))\s+(.*)$/;
const RULE = /^\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/;
/** Code span, link, strong, emphasis; in this order, and code first, so that nothing inside code is read as more. */
const INLINE =
  /(`+)(?<code>[^`]|[^`].*?[^`])\1(?!`)|\[(?<label>[^\]]+)\]\((?<target>[^)\s]+)\)|(\*\*|__)(?=\S)(?<strong>.*?\S)\5|(?<![\w*])\*(?=[^\s*])(?<emphasis>[^*]*[^\s*])\*(?!\w)/g;

/**
 * Markdown as lines for a terminal: headings, lists, quotes, code, bold and links, wrapped at `width` columns. Code
 * keeps its lines and spaces. Hidden and control characters are shown as escapes before anything else, so a message
 * cannot steer the terminal.
 */
export function markdownLines(markdown: string, width: number, style: Style): string[] {
  const lines: string[] = [];
  let isCode = false;
  for (const line of visibleWords(markdown).trim().split('\n')) {
    if (FENCE.test(line)) {
      isCode = !isCode;
      continue;
    }
    if (isCode) lines.push(...codeLine(line, width, style));
    else lines.push(...proseLine(line, width, style));
  }
  return lines;
}

function codeLine(line: string, width: number, style: Style): string[] {
  const spaced = line.replaceAll('\t', '    ');
  return wrapLine(`  ${spaced}`, width, '  ').map((part) => style.accent(part));
}

function proseLine(line: string, width: number, style: Style): string[] {
  const heading = HEADING.exec(line);
  if (heading?.[1] !== undefined) return wrapLine(style.bold(inline(heading[1], style)), width);
  if (RULE.test(line)) return [style.dim('─'.repeat(Math.min(width, 20)))];
  const quote = QUOTE.exec(line);
  if (quote?.[1] !== undefined) {
    return wrapLine(inline(quote[1], style), width - 2).map((part) => `${style.dim('│')} ${part}`);
  }
  const item = ITEM.exec(line);
  if (item) {
    const [, space = '', number = '•', text = ''] = item;
    const start = `${space.replaceAll('\t', '  ')}${number} `;
    return wrapLine(`${start}${inline(text, style)}`, width, ' '.repeat(start.length));
  }
  return wrapLine(inline(line.replaceAll('\t', '    '), style), width);
}

function inline(text: string, style: Style): string {
  return text.replace(INLINE, (whole: string, ...rest: unknown[]) => {
    const { code, label, target, strong, emphasis } = rest.at(-1) as Record<string, string | undefined>;
    if (code !== undefined) return style.code(code);
    if (label !== undefined && target !== undefined)
      return label === target ? target : `${label} (${target})`;
    if (strong !== undefined) return style.bold(inline(strong, style));
    return emphasis === undefined ? whole : style.bold(emphasis);
  });
}
