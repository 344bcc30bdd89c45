/**
 * Has the sandbox half of this pair start: its launcher lets it run at the loop's first word on standard output. It
 * connects as soon as the loop listens.
 */
export function wakeSandbox(): void {
  process.stdout.write('sandbox\n');
}
