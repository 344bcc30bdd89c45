import { type Block, type Card, showHidden, showHiddenInLine } from '@reeve/core';
import type { Style } from './style.ts';
import { withElapsed } from './task-clock.ts';
import { fitLine, wrapLine } from './wrap-text.ts';

/** A card on one line: its title. */
export function cardTitle(card: Card): string {
  return showHiddenInLine(card.title);
}

/**
 * A running card on one line of at most `width` columns: its title, with the time that has passed by now, and what its
 * buttons are called when typed.
 */
export function cardLiveLine(card: Card, width: number, elapsed: string | null = null): string {
  const [first] = typedActions(card);
  const title = withElapsed(cardTitle(card), elapsed);
  const line = first === undefined ? title : `${title} · ${first}`;
  return fitLine(line, width);
}

/**
 * A card in full as a framed block. Everything it says is shown, long values wrapped and never cut, because this is
 * what a person decides on; buttons appear as what to type instead.
 */
export function cardLines(card: Card, width: number, style: Style): string[] {
  const room = width - 2;
  const title = wrapLine(cardTitle(card), room).map((line) => style.bold(line));
  const body = card.blocks.flatMap((block) => blockLines(block, room, style, cardTitle(card)));
  const [first = '', ...rest] = title;
  return [
    `${style.ask('╭')} ${first}`,
    ...[...rest, ...body].map((line) => `${style.ask('│')} ${line}`.trimEnd()),
    style.ask('╰─'),
  ];
}

/** What can be typed instead of a card's buttons. */
export function typedActions(card: Card): string[] {
  return card.blocks.flatMap((block) =>
    block.kind === 'actions' ? block.actions.map((action) => showHiddenInLine(action.typed)) : [],
  );
}

function blockLines(block: Block, width: number, style: Style, title: string): string[] {
  switch (block.kind) {
    case 'heading':
      return title.includes(showHiddenInLine(block.text)) ? [] : textLines(block.text, width);
    case 'text':
      return textLines(block.text, width);
    case 'fields':
      return block.fields.flatMap(({ name, value }) => fieldLines(name, value, width, style));
    case 'progress':
      return wrapLine(
        `${showHiddenInLine(block.icon)} ${showHiddenInLine(block.text)}${block.total === null ? '' : ` (${block.done} of ${block.total})`}`,
        width,
      );
    case 'code':
      return showHidden(block.text)
        .split('\n')
        .flatMap((line) => wrapLine(`  ${line.replaceAll('\t', '    ')}`, width, '  '))
        .map((line) => style.accent(line));
    case 'list':
      return block.items.flatMap((item) => wrapLine(`• ${showHiddenInLine(item)}`, width, '  '));
    case 'file':
      return [
        ...wrapLine(`File ${showHiddenInLine(block.path)} (${block.bytes} bytes)`, width, '  '),
        ...wrapLine(`SHA-256 ${block.sha256}`, width, '  '),
      ];
    case 'actions':
      return block.actions.flatMap(({ label, typed }) =>
        wrapLine(`${style.ask(showHiddenInLine(typed))}  ${showHiddenInLine(label)}`, width, '  '),
      );
  }
}

function fieldLines(name: string, value: string, width: number, style: Style): string[] {
  const label = `${showHiddenInLine(name)}: `;
  const [first = '', ...rest] = showHidden(value).split('\n');
  const lines = [
    ...wrapLine(`${label}${first}`, width, '  '),
    ...rest.flatMap((line) => wrapLine(`  ${line}`, width, '  ')),
  ];
  const [head = '', ...tail] = lines;
  return [
    head.startsWith(label) ? `${style.dim(label.trimEnd())} ${head.slice(label.length)}` : head,
    ...tail,
  ].map((line) => line.replaceAll('\t', '    '));
}

function textLines(text: string, width: number): string[] {
  return showHidden(text)
    .split('\n')
    .flatMap((line) => wrapLine(line.replaceAll('\t', '    '), width));
}
