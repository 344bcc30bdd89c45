/**
 * For a pipeline: passes bytes on until one of the values stands in them, then throws before its first byte went by. A
 * help against a host that repeats the credentials which it was sent; what it packs or encodes is not seen.
 */
export function stopAtEcho(
  values: readonly string[],
): (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  const patterns = values.map((value) => Buffer.from(value, 'utf8'));
  const heldBack = Math.max(0, ...patterns.map(({ length }) => length - 1));
  return async function* look(source) {
    let held = Buffer.alloc(0);
    for await (const piece of source) {
      held = Buffer.concat([held, piece]);
      if (patterns.some((pattern) => held.includes(pattern)))
        throw new Error('the remote repeats the credentials that it was sent');
      const free = held.length - heldBack;
      if (free <= 0) continue;
      yield held.subarray(0, free);
      held = held.subarray(free);
    }
    if (held.length > 0) yield held;
  };
}
