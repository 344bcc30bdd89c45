import type { Figure } from './figure.ts';

const HEADINGS = ['figure', 'unit', 'n', 'p50', 'p99', 'floor', 'goal', 'met'] as const;
const NUMERIC = new Set(['n', 'p50', 'p99']);
const VERDICTS = new Map<boolean | null, string>([
  [true, 'yes'],
  [false, 'NO'],
  [null, '-'],
]);

/** The figures as aligned columns, one line each, then their notes. */
export function renderTable(figures: readonly Figure[]): string {
  const rows = figures.map(cellsOf);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = [HEADINGS, ...rows].map((cells) =>
    cells
      .map((cell, column) => pad(cell, widths[column] ?? 0, NUMERIC.has(HEADINGS[column] ?? '')))
      .join('  ')
      .trimEnd(),
  );
  const notes = figures.flatMap(({ id, note }) => (note === null ? [] : [`${id}: ${note}`]));
  return [...lines, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n');
}

function cellsOf(figure: Figure): string[] {
  const { id, title, unit, samples, p50, p99, floor, goal, met } = figure;
  return [
    `${id}: ${title}`,
    unit,
    String(samples),
    shortNumber(p50),
    shortNumber(p99),
    floor === null ? '-' : `${shortNumber(floor.p50)} ${floor.title}`,
    goal ?? '-',
    VERDICTS.get(met) ?? '-',
  ];
}

/** Three significant digits, and whole numbers from a hundred on. */
function shortNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  if (Math.abs(value) >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

function pad(text: string, width: number, toTheRight: boolean): string {
  return toTheRight ? text.padStart(width) : text.padEnd(width);
}
