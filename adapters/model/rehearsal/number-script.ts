import { describeList, type NumberKind, type NumberList } from './number-list.ts';

/**
 * How bash steps through each kind: `start` runs once; `next` sets `v` to the next value. Whole numbers of 64 bits;
 * `guard` ends the script before they overflow. Only bash itself is used: whatever else a sandbox lacks, it has that.
 */
const STEPS: Readonly<Record<NumberKind, { start: string; next: string }>> = {
  primes: {
    start: 'v=1',
    next: 'while :; do v=$((v+1)); (( v > 2 && v % 2 == 0 )) && continue; p=1; for ((d=3; d*d<=v; d+=2)); do (( v % d == 0 )) && { p=0; break; }; done; (( p )) && break; done',
  },
  squares: { start: 'k=0', next: 'k=$((k+1)); v=$((k*k))' },
  cubes: { start: 'k=0', next: 'k=$((k+1)); v=$((k*k*k))' },
  'even numbers': { start: 'v=0', next: 'v=$((v+2))' },
  'odd numbers': { start: 'v=-1', next: 'v=$((v+2))' },
  'Fibonacci numbers': { start: 'a=1; b=0', next: 'v=$((a+b)); a=$b; b=$v' },
  'triangular numbers': { start: 'k=0; v=0', next: 'k=$((k+1)); v=$((v+k))' },
  factorials: { start: 'k=0; v=1', next: 'k=$((k+1)); w=$((v*k)); (( w / k == v )) || too_large; v=$w' },
  'powers of two': { start: 'v=0', next: 'if (( v == 0 )); then v=1; else v=$((v*2)); fi' },
  numbers: { start: 'v=0', next: 'v=$((v+1))' },
};

/**
 * A bash script that prints the list as CSV, into `file` in the scratch directory. Fails rather than overflow. Its
 * first line says in words what it does, for whoever reads what was run.
 */
export function listScript(list: NumberList, file: string): string {
  const { start, next } = STEPS[list.kind];
  const { size } = list;
  const [from, wanted] = 'first' in size ? ['', `n < ${size.first}`] : [String(size.from), '1'];
  const enough = 'first' in size ? '' : `(( v > ${size.upTo} )) && break`;
  return [
    `# write the ${describeList(list)} to ${oneLine(file)}`,
    `too_large() { echo 'too large for 64-bit arithmetic' >&2; exit 3; }`,
    `${start}; n=0`,
    '{',
    `  echo 'n,${headerOf(list.kind)}'`,
    `  while (( ${wanted} )); do`,
    `    ${next}; (( v < 0 )) && too_large`,
    ...(enough ? [`    ${enough}`] : []),
    ...(from ? [`    (( v < ${from} )) && continue`] : []),
    '    n=$((n+1)); echo "$n,$v"',
    '  done',
    `} > ${shellQuoted(file)}`,
  ].join('\n');
}

/** A bash script that reads that CSV back and prints `count=… sum=… largest=…` of what stands in it. */
export function checkScript(file: string): string {
  return [
    `# count and add up ${oneLine(file)}`,
    'n=0; sum=0; largest=0',
    '{',
    '  read -r header',
    '  while IFS=, read -r _ v; do',
    `    n=$((n+1)); sum=$((sum+v)); largest=$v; (( sum < 0 )) && { echo 'the sum is too large for 64-bit arithmetic' >&2; exit 3; }`,
    '  done',
    `} < ${shellQuoted(file)}`,
    'echo "count=$n sum=$sum largest=$largest"',
  ].join('\n');
}

/** A comment ends with its line; a file's name must not begin another. */
function oneLine(name: string): string {
  return name.replace(/\s+/g, ' ');
}

function headerOf(kind: NumberKind): string {
  const singular: Partial<Record<NumberKind, string>> = { primes: 'prime', 'powers of two': 'power_of_two' };
  return singular[kind] ?? kind.toLowerCase().replace(/s$/, '').replaceAll(' ', '_');
}

/** A word that bash takes for exactly this text. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
