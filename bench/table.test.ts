import { expect, it } from 'vitest';
import { atMost, toFigure } from './figure.ts';
import { renderTable } from './table.ts';

it('aligns the columns and puts the notes below', () => {
  const figures = [
    toFigure({ id: 'a', title: 'short', unit: 'ms', samples: [1], goals: [atMost('p50', 2)] }),
    toFigure({
      id: 'b',
      title: 'a longer title',
      unit: 'entries/s',
      samples: [12_345],
      floor: { title: 'bare', samples: [20_000] },
      goals: [atMost('p50', 2)],
      note: 'fsync is off',
    }),
  ];
  expect(renderTable(figures).split('\n')).toEqual([
    'figure             unit       n     p50     p99  floor        goal    met',
    'a: short           ms         1    1.00    1.00  -            p50 ≤2  yes',
    'b: a longer title  entries/s  1  12,345  12,345  20,000 bare  p50 ≤2  NO',
    '',
    'b: fsync is off',
  ]);
});
