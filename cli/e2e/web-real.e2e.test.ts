import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seriousFindings } from '../testing/accessibility.ts';
import { makeTestHome, runReeve, startReeve } from '../testing/reeve-process.ts';
import { openBrowser, openPage, takePicture } from '../testing/web-browser.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

async function newLink(home: Parameters<typeof runReeve>[0]): Promise<string> {
  const printed = await runReeve(home, ['web']);
  expect(printed.stderr).toBe('');
  return printed.stdout.trim();
}

describe('the web chat of a running Reeve', () => {
  it('works by keyboard alone: a job, its proof, a denied and an approved deletion, and how it went', async () => {
    await using home = await makeTestHome();
    await using reeve = await startReeve(home);
    await using watched = await openPage(browser);
    const { page } = watched;
    const { keyboard } = page;
    await page.goto(await newLink(home));
    await page.getByText('What shall be done?').waitFor();
    expect(page.url()).not.toContain('login');
    await takePicture(page, 'welcome');

    await keyboard.type('Make a CSV of the first 20 primes and tell me their sum');
    await keyboard.press('Enter');
    await page.getByText('The sum of the first 20 primes is 639.').first().waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'T-1/primes.csv' }).first().press('Enter');
    expect((await download).suggestedFilename()).toBe('primes.csv');

    await page.getByLabel('Message', { exact: true }).focus();
    await keyboard.type('Delete it');
    await keyboard.press('Enter');
    const question = page.locator('.card.question');
    await question.waitFor();
    await takePicture(page, 'question-light');
    expect(await seriousFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await takePicture(page, 'question-dark');
    expect(await seriousFindings(page)).toEqual([]);
    // Back from the message box: the last buttons of the conversation, then those of the card.
    for (let presses = 0; presses < 12; presses += 1) {
      await keyboard.press('Shift+Tab');
      if ((await page.evaluate('document.activeElement.textContent')) === 'Once') break;
    }
    await keyboard.press('Enter');
    await page
      .locator('.messages')
      .getByText(/Approved \(once\) by owner/)
      .waitFor();
    await page.locator('.reply.result', { hasText: 'T-2' }).waitFor();
    expect((await reeve.call('GET', '/v1/files/T-1/primes.csv')).status).toBe(404);
    await page.locator('#questions').waitFor({ state: 'hidden' });

    await page.getByRole('button', { name: 'How this came about: How T-2 went' }).press('Enter');
    await page.locator('.run .span.wait').first().waitFor();
    await expectFocus(page, '#run-title');
    await page.locator('.span.call summary').first().press('Enter');
    await takePicture(page, 'run-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await takePicture(page, 'run-light');
    expect(await seriousFindings(page)).toEqual([]);
    await keyboard.press('Escape');
    await expectFocus(page, '#message');
    expect(watched.complaints).toEqual([]);
    expect(watched.requests.filter((url) => !url.startsWith(reeve.url))).toEqual([]);
  });

  it('goes on after a reload and a restart in the middle of a task', async () => {
    await using home = await makeTestHome();
    const settings = { REEVE_PORT: String(20_000 + Math.floor(Math.random() * 20_000)) };
    await using first = await startReeve(home, settings);
    await using watched = await openPage(browser, { viewport: { width: 360, height: 740 } });
    const { page } = watched;
    await page.goto(await newLink(home));
    await page.getByLabel('Message', { exact: true }).fill('work 8 seconds');
    await page.keyboard.press('Enter');
    await page.locator('.card.task .progress').waitFor();
    await page.reload();
    await page.locator('.card.task .progress').waitFor();
    await page.getByText('work 8 seconds', { exact: true }).waitFor();
    await takePicture(page, 'narrow');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await first.kill('SIGKILL');
    await page.getByText(/Not connected since \d\d:\d\d; trying again/).waitFor();
    await page.getByLabel('Message', { exact: true }).fill('/status');
    await page.keyboard.press('Enter');
    await page.getByText('Sending…').waitFor();
    await takePicture(page, 'narrow-stale');
    await using second = await startReeve(home, settings);
    expect(second.url).toBe(first.url);
    await page.locator('.reply.result', { hasText: 'T-1' }).waitFor({ timeout: 60_000 });
    await page
      .locator('.messages')
      .getByText(/Running \d of 5/)
      .waitFor();
    expect(await page.getByText('/status', { exact: true }).count()).toBe(1);
    expect(await page.getByText(/Not connected since/).isVisible()).toBe(false);
  });
});

async function expectFocus(page: Page, selector: string): Promise<void> {
  await expect.poll(() => page.evaluate(`document.activeElement.matches('${selector}')`)).toBe(true);
}
