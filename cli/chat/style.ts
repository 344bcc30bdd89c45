/** How pieces of text stand out. Every function wraps one line; without colours they return it as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  /** Names, prompts and headings. */
  accent(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  /** Questions that wait for an answer. */
  ask(text: string): string;
  code(text: string): string;
}

/** The sixteen basic colours, which every terminal draws in its own theme. */
export function createStyle(colour: boolean): Style {
  const wrap = (on: number, off: number) => (text: string) =>
    colour && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    accent: wrap(36, 39),
    good: wrap(32, 39),
    bad: wrap(31, 39),
    ask: wrap(33, 39),
    code: colour ? wrap(36, 39) : (text) => `\`${text}\``,
  };
}
