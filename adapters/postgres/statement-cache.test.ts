import { expect, it } from 'vitest';
import { createStatementCache } from './statement-cache.ts';
import { frame, joinBytes, messagesIn, queryMessage } from './wire.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const message = (type: string, body: string) => frame(type.charCodeAt(0), latin1(body));
const parse = (sql: string, name = '') => message('P', `${name}\0${sql}\0\0\0`);
const bind = (name = '') => message('B', `\0${name}\0\0\0\0\0\0\0`);
const rest = [message('D', 'P\0'), message('E', '\0\0\0\0\0'), message('S', '')];
const done = Buffer.from(message('Z', 'I'));
const refused = Buffer.from(joinBytes([message('E', 'SERROR\0\0'), message('Z', 'I')]));

/** What reaches the database of a batch, in letters: `P:reeve_1 B:reeve_1 D E S`. */
async function sent(
  cache: ReturnType<typeof createStatementCache>,
  batch: readonly Uint8Array[],
  answer: Uint8Array = done,
): Promise<string> {
  let seen = '';
  await cache.execute(joinBytes(batch), async (bytes) => {
    seen = [...messagesIn(bytes)].map(spell).join(' ');
    return answer;
  });
  return seen;
}

function spell({ type, body }: { readonly type: number; readonly body: Uint8Array }): string {
  const letter = String.fromCharCode(type);
  const parts = Buffer.from(body).toString('latin1').split('\0');
  if (letter === 'P') return `P:${parts[0]}`;
  return letter === 'B' ? `B:${parts[1]}` : letter;
}

it('parses a statement once, whoever sends it', async () => {
  const cache = createStatementCache();
  const batch = [parse('select $1'), bind(), ...rest];
  expect(await sent(cache, batch)).toBe('P:reeve_1 B:reeve_1 D E S');
  expect(await sent(cache, batch)).toBe('B:reeve_1 D E S');
  expect(await sent(cache, [parse('select $2'), bind(), ...rest])).toBe('P:reeve_2 B:reeve_2 D E S');
});

it('knows a statement behind a simple one, and describes it by its name', async () => {
  const cache = createStatementCache();
  const batch = [
    queryMessage('set search_path to a'),
    parse('select 1'),
    message('D', 'S\0'),
    bind(),
    ...rest,
  ];
  await sent(cache, batch);
  const bytes: Uint8Array[] = [];
  await cache.execute(joinBytes(batch), async (out) => {
    bytes.push(out);
    return done;
  });
  expect(Buffer.concat(bytes).toString('latin1')).toContain('Sreeve_1\0');
});

it('knows a statement by its search path too', async () => {
  const cache = createStatementCache();
  const batch = (path: string) => [
    queryMessage(`set search_path to ${path}`),
    parse('select 1'),
    bind(),
    ...rest,
  ];
  expect(await sent(cache, batch('a'))).toBe('Q P:reeve_1 B:reeve_1 D E S');
  expect(await sent(cache, batch('b'))).toBe('Q P:reeve_2 B:reeve_2 D E S');
  expect(await sent(cache, [parse('select 1'), bind(), ...rest])).toBe('B:reeve_2 D E S');
  expect(await sent(cache, batch('a'))).toBe('Q B:reeve_1 D E S');
});

it('leaves statements alone that have a name of their own', async () => {
  const cache = createStatementCache();
  const batch = [parse('select 1', 'mine'), bind('mine'), ...rest];
  for (let times = 0; times < 2; times += 1) expect(await sent(cache, batch)).toBe('P:mine B:mine D E S');
});

it('does not rely on what may not have been parsed', async () => {
  const cache = createStatementCache();
  const batch = [parse('select 1'), bind(), ...rest];
  expect(await sent(cache, batch, refused)).toBe('P:reeve_1 B:reeve_1 D E S');
  expect(await sent(cache, batch)).toBe('P:reeve_2 B:reeve_2 D E S');
  expect(await sent(cache, batch, refused)).toBe('B:reeve_2 D E S');
  expect(await sent(cache, batch)).toBe('B:reeve_2 D E S');
});

it.each([
  ['simple', [queryMessage('alter table a add b int')]],
  ['prepared', [parse('create table a ()'), bind(), ...rest]],
])('parses everything anew after a %s statement that changes tables', async (_kind, change) => {
  const cache = createStatementCache();
  const batch = [parse('select * from a'), bind(), ...rest];
  await sent(cache, batch);
  await sent(cache, change);
  expect(await sent(cache, batch)).toMatch(/^P:reeve_\d B:reeve_\d D E S$/);
});

it('names no more than it can keep', async () => {
  const cache = createStatementCache();
  for (let number = 0; number < 400; number += 1)
    await sent(cache, [parse(`select ${number}`), bind(), ...rest]);
  expect(await sent(cache, [parse('select more'), bind(), ...rest])).toBe('P: B: D E S');
  expect(await sent(cache, [parse('select 1'), bind(), ...rest])).toBe('B:reeve_2 D E S');
});
