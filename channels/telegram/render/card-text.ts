import type { InlineKeyboardButton } from '@grammyjs/types';
import { type Block, type Card, type CardAction, showHidden, showHiddenInLine } from '@reeve/core';
import { type RichText, type Run, richTextOf } from './rich-text.ts';

/** A card as a message: its words and its buttons. Nothing of it is left out, because people decide on it. */
export interface RenderedCard {
  readonly body: RichText;
  readonly buttons: InlineKeyboardButton[][];
}

const BAR_CELLS = 10;
/** Buttons in one row; more make a phone cut their labels. */
const ROW = 3;
const SHORT_LABEL = 14;
/** Further lines of a field's value stand back, so that none of them passes for a field. */
const FURTHER_LINE = '\n    ';

/**
 * `data` makes what a button carries; null when it does not fit into one: then the button copies the command that does
 * the same, for the person to paste.
 */
export function renderCard(card: Card, data: (action: CardAction) => string | null): RenderedCard {
  const title = showHiddenInLine(card.title);
  const runs = [
    { text: title, marks: { bold: true } },
    ...card.blocks.flatMap((block) => blockRuns(block, title)),
  ];
  const buttons = card.blocks.flatMap((block) => (block.kind === 'actions' ? block.actions : []));
  return {
    body: richTextOf(runs),
    buttons: rowsOf(
      buttons.map(({ label, style, action, typed }) => {
        const carried = data(action);
        return {
          text: label,
          ...(carried === null ? { copy_text: { text: typed } } : { callback_data: carried }),
          ...(style === 'plain' ? {} : { style }),
        };
      }),
    ),
  };
}

function blockRuns(block: Block, title: string): Run[] {
  const runs = contentRuns(block, title);
  return runs.length === 0 ? [] : [{ text: '\n', marks: {} }, ...runs];
}

function contentRuns(block: Block, title: string): Run[] {
  switch (block.kind) {
    case 'heading':
      return title.includes(showHiddenInLine(block.text))
        ? []
        : [{ text: showHiddenInLine(block.text), marks: { bold: true } }];
    case 'text':
      return [{ text: showHidden(block.text), marks: {} }];
    case 'fields':
      return block.fields.flatMap(({ name, value }, index) => [
        { text: `${index === 0 ? '' : '\n'}${showHiddenInLine(name)}: `, marks: { italic: true } },
        { text: showHidden(value).replaceAll('\n', FURTHER_LINE), marks: {} },
      ]);
    case 'progress':
      return [
        {
          text: `${showHiddenInLine(block.icon)} ${showHiddenInLine(block.text)}${bar(block.done, block.total)}`,
          marks: {},
        },
      ];
    case 'code':
      return [{ text: showHidden(block.text), marks: { pre: block.language } }];
    case 'list':
      return [{ text: block.items.map((item) => `• ${showHiddenInLine(item)}`).join('\n'), marks: {} }];
    case 'file':
      return [
        { text: `📎 ${showHiddenInLine(block.path)} (${block.bytes} bytes), SHA-256 `, marks: {} },
        { text: block.sha256, marks: { code: true } },
      ];
    case 'actions':
      return [];
  }
}

function bar(done: number, total: number | null): string {
  if (total === null || total <= 0) return '';
  const filled = Math.round((Math.min(done, total) / total) * BAR_CELLS);
  return `\n${'▰'.repeat(filled)}${'▱'.repeat(BAR_CELLS - filled)} ${done} of ${total}`;
}

/** Short labels share a row. */
function rowsOf(buttons: readonly InlineKeyboardButton[]): InlineKeyboardButton[][] {
  const rows: InlineKeyboardButton[][] = [];
  for (const button of buttons) {
    const row = rows.at(-1);
    const fits = row !== undefined && row.length < ROW && [...row, button].every(isShort);
    if (row && fits) row.push(button);
    else rows.push([button]);
  }
  return rows;
}

function isShort({ text }: InlineKeyboardButton): boolean {
  return text.length <= SHORT_LABEL;
}
