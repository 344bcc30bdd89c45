import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeHouse, openFakeHouse } from './testing/fake-house.ts';

let house: FakeHouse;
beforeEach(async () => {
  house = await openFakeHouse();
});
afterEach(() => house.stop());

function headers(): Record<string, string> {
  return { authorization: `Bearer ${house.token}` };
}

function download(path: string): Promise<Response> {
  return fetch(`${house.url}/v1/files/${encodeURIComponent(path)}`, { headers: headers() });
}

test('an upload of 26 MB is refused and one of 24 MB taken', async () => {
  const send = (megabytes: number) =>
    fetch(`${house.url}/v1/uploads?name=big.bin`, {
      method: 'POST',
      headers: { ...headers(), 'content-type': 'application/octet-stream' },
      body: Buffer.alloc(megabytes * 1024 * 1024, 7),
    });
  const refused = await send(26);
  expect(refused.status).toBe(413);
  expect(await refused.json()).toMatchObject({ code: 'file-too-large' });
  expect(house.files.size).toBe(0);
  expect((await send(24)).status).toBe(201);
  expect(house.files.get('uploads/big.bin')?.length).toBe(24 * 1024 * 1024);
});

test('an upload of unknown length is refused once it is too large', async () => {
  const piece = new Uint8Array(1024 * 1024);
  const answer = await fetch(`${house.url}/v1/uploads?name=endless.bin`, {
    method: 'POST',
    headers: { ...headers(), 'content-type': 'application/octet-stream' },
    body: ReadableStream.from(
      (async function* () {
        for (let sent = 0; sent < 30; sent += 1) yield piece;
      })(),
    ),
    duplex: 'half',
  });
  expect(answer.status).toBe(413);
});

test.each([
  'line\nfeed.txt',
  'per%cent %2F %41.txt',
  'a"b\\c.txt',
  "it's (1)*.txt",
  'folder/deep/snow ☃ 漢字.csv',
  'question?mark#hash;semi=1&2.txt',
  'ÿ\u0007bell.txt',
  '.. .txt',
  'a\r\nx-evil: 1.txt',
])('%j is downloaded whole, as an attachment that nothing runs', async (path) => {
  house.files.set(path, Buffer.from('<script>alert(1)</script>'));
  const answer = await download(path);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe('<script>alert(1)</script>');
  expect(answer.headers.get('content-type')).toBe('application/octet-stream');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('x-evil')).toBeNull();
  const disposition = answer.headers.get('content-disposition') ?? '';
  expect(disposition).toMatch(/^attachment; filename="file"; filename\*=UTF-8''[\w.%!~-]+$/);
  expect(decodeURIComponent(disposition.split("''")[1] ?? '')).toBe(path.split('/').at(-1));
});

test('a path with its slashes as they are works too', async () => {
  house.files.set('T-1/primes.csv', Buffer.from('2,3,5'));
  const answer = await fetch(`${house.url}/v1/files/T-1/primes.csv`, { headers: headers() });
  expect(await answer.text()).toBe('2,3,5');
});

test('no path leads out of the files', async () => {
  for (const path of ['../keys/api-token', '%2e%2e/keys', '..%2Fkeys', 'a/../../etc/passwd']) {
    const answer = await fetch(`${house.url}/v1/files/${path}`, { headers: headers() });
    expect([path, answer.ok]).toEqual([path, false]);
  }
});

test('a download that is given up lets go of the file', async () => {
  house.files.set('big.bin', Buffer.alloc(32 * 1024 * 1024));
  const giveUp = new AbortController();
  const answer = await fetch(`${house.url}/v1/files/big.bin`, { headers: headers(), signal: giveUp.signal });
  await answer.body?.getReader().read();
  giveUp.abort();
  for (let tries = 0; house.closedDownloads() === 0 && tries < 100; tries += 1) await sleep(20);
  expect(house.closedDownloads()).toBe(1);
});
