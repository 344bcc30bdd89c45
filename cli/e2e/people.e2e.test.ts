import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seriousFindings } from '../testing/accessibility.ts';
import {
  eventually,
  makeTestHome,
  type RunningReeve,
  runReeve,
  startReeve,
  type TestHome,
} from '../testing/reeve-process.ts';
import { openBrowser, openPage, takePicture } from '../testing/web-browser.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

it('a member has a web chat of their own, decides nothing, and is out as soon as the owner says so', async () => {
  await using home = await makeTestHome();
  await using reeve = await startReeve(home);
  const say = (text: string) => reeve.call('POST', '/v1/conversations/main/messages', { text });
  const nobody = await runReeve(home, ['web', '--as', 'grace']);
  expect([nobody.stdout, nobody.stderr]).toEqual([
    '',
    expect.stringContaining('/people add http grace member'),
  ]);
  await say('create secret.txt with the text: of the owner');
  await eventually(
    'the owner’s job',
    async () => (await reeve.call('GET', '/v1/tasks/T-1')).body['state'] === 'succeeded',
  );
  await say('/people add http grace member Grace');
  const link = await eventually('her link', async () => {
    const { stdout } = await runReeve(home, ['web', '--as', 'grace']);
    return stdout.trim();
  });

  await using watched = await openPage(browser);
  const { page } = watched;
  await page.goto(link);
  await page.getByText('Signed in as Grace').waitFor();
  expect(await page.getByText('of the owner').count()).toBe(0);
  const write = async (text: string) => {
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.keyboard.press('Enter');
  };
  await write('Make a CSV of the first 20 primes and tell me their sum');
  await page.locator('.reply.result', { hasText: '639' }).waitFor();
  await write('/config tone warm');
  const refused = page.locator('.messages').getByText('There is no such command');
  await refused.waitFor();
  await page.locator('.card', { hasText: 'T-2' }).first().waitFor();
  expect(await page.getByRole('button', { name: 'How this came about: How', exact: true }).count()).toBe(0);
  await takePicture(page, 'member');
  expect(await seriousFindings(page)).toEqual([]);
  await page.locator('.card.task', { hasText: 'T-2' }).getByText('Details').click();
  await page.locator('.run .span.call').first().waitFor();
  expect(await page.locator('.run').getByText('The turn that started it').count()).toBe(0);
  await page.getByRole('button', { name: 'Close the run' }).click();
  const asGrace = (path: string, init?: string) =>
    page.evaluate<number>(`fetch('${path}', ${init ?? '{}'}).then((answer) => answer.status)`);
  expect(await asGrace('/v1/tasks/T-1')).toBe(404);
  expect(await asGrace('/v1/files/T-1/secret.txt')).toBe(404);
  expect(await asGrace('/v1/files/T-2/primes.csv')).toBe(200);
  await ownUploads({ home, reeve, page, write });

  await say('Delete T-1/secret.txt');
  const code = await eventually('the question', async () => {
    const { body } = await reeve.call('GET', '/v1/approvals');
    return (body['approvals'] as { code: string }[])[0]?.code;
  });
  const yes = `{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"decision":"approve"}' }`;
  expect(await asGrace(`/v1/approvals/${code}/decision`, yes)).toBe(403);
  await write(`/approve ${code}`);
  await expect.poll(() => refused.count()).toBe(2);
  expect((await reeve.call('GET', `/v1/approvals/${code}`)).body['state']).toBe('pending');

  await say('/people remove http grace');
  await expect.poll(() => asGrace('/v1/me')).toBe(401);
  await page.reload();
  await page.getByText('Not signed in').waitFor();
  expect(watched.complaints).toEqual([]);
});

/** What a member hands over is theirs to see and to fetch again: not another's, who goes by the same name. */
async function ownUploads({
  home,
  reeve,
  page,
  write,
}: {
  home: TestHome;
  reeve: RunningReeve;
  page: Page;
  write: (text: string) => Promise<void>;
}): Promise<void> {
  const upload = (name: string) =>
    `fetch('/v1/uploads?name=${name}', { method: 'POST', body: 'of ${name}', headers: { 'content-type': 'application/octet-stream' } }).then((answer) => answer.status)`;
  const list = `fetch('/v1/files').then((answer) => answer.json()).then(({ files }) => files.map(({ path }) => path))`;
  const get = (path: string) => `fetch('/v1/files/${path}').then((answer) => answer.status)`;
  await page.locator('#picker').setInputFiles({
    name: 'hers.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('of Grace'),
  });
  await page.getByText('hers.txt is attached.').waitFor({ state: 'attached' });
  await write('here it is');
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'hers.txt' }).first().click();
  expect((await download).suggestedFilename()).toBe('hers.txt');
  await page.getByRole('button', { name: 'Files', exact: true }).click();
  await page.getByText('1 file.').waitFor();
  await page.keyboard.press('Escape');

  await reeve.call('POST', '/v1/conversations/main/messages', {
    text: '/people add http grace-2 member Grace',
  });
  const link = await eventually('the link of the other Grace', async () => {
    const { stdout } = await runReeve(home, ['web', '--as', 'grace-2']);
    return stdout.trim();
  });
  await using other = await openPage(browser);
  await other.page.goto(link);
  await other.page.getByText('Signed in as Grace').waitFor();
  expect(await other.page.evaluate(upload('other.txt'))).toBe(201);
  expect(await other.page.evaluate(list)).toEqual(['uploads/other.txt']);
  expect(await other.page.evaluate(get('uploads/hers.txt'))).toBe(404);
  expect(await page.evaluate(list)).toEqual(['uploads/hers.txt']);
  expect(await page.evaluate(get('uploads/other.txt'))).toBe(404);
}
