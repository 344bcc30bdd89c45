import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTestHome, runReeve, startReeve } from '../testing/reeve-process.ts';
import { listenTo } from '../testing/spoken.ts';
import { openBrowser, openPage } from '../testing/web-browser.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

it('is heard once each, by names that say what they do to what, and never loses the focus', async () => {
  await using home = await makeTestHome();
  await using _reeve = await startReeve(home);
  await using watched = await openPage(browser);
  const { page } = watched;
  await page.goto((await runReeve(home, ['web'])).stdout.trim());
  await page.getByText('What shall be done?').waitFor();
  const spoken = await listenTo(page);
  const times = async (words: string) => (await spoken.heard()).filter((each) => each.includes(words)).length;
  const write = async (text: string) => {
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.keyboard.press('Enter');
  };

  await write('create notes.txt with the text: hello');
  await page.locator('.reply.result', { hasText: 'T-1' }).waitFor();
  await write('what is 6*7');
  await page.locator('.reply.result', { hasText: '42' }).waitFor();
  expect(await times('Started T-1')).toBe(1);
  expect(await times('T-1 Write notes.txt: done')).toBe(1);
  expect(await times('6*7 = 42')).toBe(1);
  expect(await spoken.focused()).toBe('textbox: Message');

  await write('delete T-1/notes.txt');
  const question = page.locator('.card.question');
  await question.waitFor();
  expect(await times('Question: ')).toBe(1);
  const names = await spoken.controls();
  expect(names).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^button: Approve once: .*T-1\/notes\.txt/),
      expect.stringMatching(/^button: Deny: .*T-1\/notes\.txt/),
      expect.stringMatching(/^button: Deny and say why: .*T-1\/notes\.txt/),
      'button: Send',
      'button: Attach files',
      'textbox: Message',
    ]),
  );
  expect(names.filter((name) => /: $/.test(name))).toEqual([]);
  expect(new Set(names.filter((name) => /^button: (Approve|Deny|Edit)/.test(name))).size).toBe(
    names.filter((name) => /^button: (Approve|Deny|Edit)/.test(name)).length,
  );

  await question.getByRole('button', { name: 'Deny and say why' }).press('Enter');
  expect(await spoken.focused()).toBe('textbox: Why not');
  await page.keyboard.press('Escape');
  expect(await spoken.focused()).toMatch(/^button: Deny and say why/);
  await question.getByRole('button', { name: /^Approve once/ }).press('Enter');
  expect(await spoken.focused()).toMatch(/^article: /);
  await page.locator('.reply.result', { hasText: 'T-3' }).waitFor();
  expect(await spoken.focused()).toMatch(/^article: /);
  expect(await times('Deleted T-1/notes.txt')).toBe(1);

  await write('/connect');
  const menu = page.getByRole('article', { name: 'What I can be connected to' });
  await menu.getByRole('button', { name: /^Telegram: / }).press('Enter');
  await page.getByRole('article', { name: 'Telegram: not yet' }).waitFor();
  expect(await spoken.focused()).toBe('article: Telegram: not yet');
  expect(await times('Question: What I can be connected to')).toBe(1);

  for (const opener of ['Search', 'Files', 'Rename this conversation']) {
    await page.getByRole('button', { name: opener, exact: true }).press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    expect(await dialog.getAttribute('aria-labelledby')).toBe('dialog-title');
    expect(await spoken.focused()).not.toBe('nothing');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await spoken.focused()).toBe(`button: ${opener}`);
  }
  expect((await spoken.controls()).filter((name) => /: $/.test(name))).toEqual([]);
  expect(watched.complaints).toEqual([]);
});
