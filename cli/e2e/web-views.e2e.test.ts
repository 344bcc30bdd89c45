import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seriousFindings } from '../testing/accessibility.ts';
import { eventually, makeTestHome, type RunningReeve, startReeve } from '../testing/reeve-process.ts';
import { openBrowser, openPage, takePicture } from '../testing/web-browser.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

const NARROW = { width: 360, height: 740 };
const WIDE = { width: 1200, height: 800 };

async function open(page: Page, reeve: RunningReeve): Promise<void> {
  const link = await reeve.call('POST', '/v1/login-links');
  await page.goto(String(link.body['url']));
  await page.getByText('What shall be done?').waitFor();
}

/** Looks at what is shown in both themes and both widths, and leaves pictures of it. */
async function lookAt(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const [width, viewport] of [
      ['narrow', NARROW],
      ['wide', WIDE],
    ] as const) {
      await page.setViewportSize(viewport);
      await takePicture(page, `${name}-${colorScheme}-${width}`);
      expect(await seriousFindings(page), `${name}, ${colorScheme}, ${width}`).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), `${name}, ${width}`).toBe(
        viewport.width,
      );
    }
  }
}

async function type(page: Page, words: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).focus();
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
}

/** Presses a key until the wanted button has the focus, as somebody without a mouse does; then that button. */
async function reach(page: Page, name: string, key: 'Tab' | 'Shift+Tab' = 'Shift+Tab'): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press(key);
    const words = await page.evaluate<string>(
      'document.activeElement.textContent.trim() || document.activeElement.getAttribute("aria-label") || ""',
    );
    if (words.trim() === name) {
      await page.keyboard.press('Enter');
      return;
    }
  }
  expect.fail(`${name} is not reached by ${key}`);
}

describe('every view, in both themes and both widths', () => {
  it('is handsome to axe, fits its width, and asks nobody else for anything', async () => {
    await using home = await makeTestHome();
    await using reeve = await startReeve(home);
    await using watched = await openPage(browser, { reducedMotion: 'reduce' });
    const { page } = watched;
    await open(page, reeve);
    await lookAt(page, 'view-welcome');

    await type(page, 'Make a CSV of the first 20 primes and tell me their sum');
    await page.locator('.reply.result').waitFor();
    await type(page, '/config');
    await page.getByText('context-tokens').first().waitFor();
    await lookAt(page, 'view-config');
    await type(page, 'work 60 seconds');
    await page.locator('.card.task .progress').waitFor();
    await type(page, 'Delete T-1/primes.csv');
    await page.locator('.card.question').waitFor();
    await type(page, '/status');
    await page.getByText('Waiting for you:').first().waitFor();
    await lookAt(page, 'view-status');
    await page.getByRole('button', { name: '1 question waits' }).click();
    await lookAt(page, 'view-question');
    await page.getByRole('button', { name: 'Deny and say why' }).click();
    await lookAt(page, 'view-deny');
    await page.keyboard.press('Escape');

    await page.keyboard.press('Control+k');
    await page.getByLabel('Words to look for').fill('primes');
    await page.locator('.hits a').first().waitFor();
    await lookAt(page, 'view-search');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Files', exact: true }).click();
    await page.getByText('T-1/primes.csv').last().waitFor();
    await lookAt(page, 'view-files');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Rename this conversation' }).click();
    await lookAt(page, 'view-rename');
    await page.keyboard.press('Escape');
    await page.goto(`${reeve.url}/#c=main&run=T-1`);
    await page.locator('.run .span.call').first().waitFor();
    await lookAt(page, 'view-run');
    await page.goto(`${reeve.url}/#c=main`);
    await page.locator('.reply a, .reply button').filter({ hasText: /^How$/ }).first().click();
    await page.locator('.run').getByText('Round 1').first().waitFor();
    await lookAt(page, 'view-turn');
    await page.getByRole('button', { name: 'Close' }).last().click();
    await page.setViewportSize(NARROW);
    await page.getByRole('button', { name: 'Show the conversations' }).click();
    await takePicture(page, 'view-sidebar-narrow');
    expect(await seriousFindings(page)).toEqual([]);
    expect(watched.complaints).toEqual([]);
    expect(watched.requests.filter((url) => !url.startsWith(reeve.url))).toEqual([]);
  });
});

it('the first two minutes by keyboard alone, over a reload: skips, a result, a question, and what else there is', async () => {
  await using home = await makeTestHome();
  await using reeve = await startReeve(home);
  await using watched = await openPage(browser, { reducedMotion: 'reduce' });
  const { page } = watched;
  await open(page, reeve);
  await type(page, '/start');
  await page.locator('.card', { hasText: 'Is your time zone' }).waitFor();
  await lookAt(page, 'tour-zone');
  await reach(page, 'Yes');
  await page.locator('.card', { hasText: 'How shall I sound?' }).waitFor();
  await page.reload();
  await page.locator('.card', { hasText: 'How shall I sound?' }).waitFor();
  await page.getByLabel('Message', { exact: true }).focus();
  await reach(page, 'Warm');
  await page.locator('.card', { hasText: 'When shall I keep quiet?' }).waitFor();
  await page.getByLabel('Message', { exact: true }).focus();
  await reach(page, 'Skip');
  await page.locator('.card', { hasText: 'What shall I start with?' }).waitFor();
  await lookAt(page, 'tour-job');
  await page.getByLabel('Message', { exact: true }).focus();
  await reach(page, 'A table of primes');
  await page.locator('.reply.result', { hasText: 'T-1' }).waitFor();
  await page.locator('.card', { hasText: 'Shall I do this every Monday 09:00?' }).waitFor();
  await page.getByLabel('Message', { exact: true }).focus();
  await reach(page, 'Ask me');
  await page.locator('.card.question').waitFor();
  await takePicture(page, 'tour-question');
  await page.getByLabel('Message', { exact: true }).focus();
  await reach(page, 'Once');
  await page.locator('.messages').getByText('That was the tour.').waitFor();
  await lookAt(page, 'tour-end');
  const zone = await eventually('the tone', async () => {
    const { body } = await reeve.call('GET', '/v1/config');
    return (body['settings'] as { name: string; value: string }[]).find(({ name }) => name === 'tone');
  });
  expect(zone.value).toBe('warm');
  expect(watched.complaints).toEqual([]);
});

it('conversations by keyboard alone: a new one, its name, back by search', async () => {
  await using home = await makeTestHome();
  await using reeve = await startReeve(home);
  await using watched = await openPage(browser);
  const { page } = watched;
  await open(page, reeve);
  await type(page, 'what is 6 times 7?');
  await page.locator('.messages .reply', { hasText: '42' }).waitFor();
  await reach(page, 'New conversation');
  await page.getByRole('heading', { level: 1, name: 'New conversation' }).waitFor();
  await type(page, 'hello');
  await page.locator('.messages .reply').first().waitFor();
  await reach(page, 'Rename this conversation');
  await page.getByLabel('Title').waitFor();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('Greetings');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Greetings' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('times');
  await page.locator('.hits a').first().waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Main' }).waitFor();
  await page.locator('.messages').getByText('what is 6 times 7?').waitFor();
});
