import type { Block, Card } from '@reeve/core';

/** A card as lines, for tests that compare all of it. */
export function cardLines(card: Card): string[] {
  return [card.title, ...card.blocks.flatMap(blockLines)];
}

function blockLines(block: Block): string[] {
  switch (block.kind) {
    case 'fields':
      return block.fields.map(({ name, value }) => `${name}: ${value}`);
    case 'actions':
      return block.actions.map(({ label, style, typed }) => `[${label}] ${style} ${typed}`);
    case 'progress':
      return [`(${block.done}) ${block.text}`];
    case 'heading':
    case 'text':
      return [block.text];
    case 'code':
    case 'list':
    case 'file':
      return [JSON.stringify(block)];
  }
}
