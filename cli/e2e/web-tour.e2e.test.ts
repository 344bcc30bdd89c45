import { makePdf } from '@reeve/core/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seriousFindings } from '../testing/accessibility.ts';
import { makeTestHome, runReeve, startReeve } from '../testing/reeve-process.ts';
import { openBrowser, openPage, takePicture } from '../testing/web-browser.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

const PDF = makePdf({
  title: 'Accounts of the manor',
  pages: ['Rents rose in May. Three farms paid late.', 'The mill needs a new wheel.'],
});

/** Drops a file on the chat, as a hand does with a mouse. */
async function drop(page: Page, name: string, bytes: Buffer): Promise<void> {
  const transfer = await page.evaluateHandle(
    `(() => {
      const bytes = Uint8Array.from(atob('${bytes.toString('base64')}'), (sign) => sign.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], ${JSON.stringify(name)}, { type: 'application/pdf' }));
      return transfer;
    })()`,
  );
  await page.locator('#main').dispatchEvent('drop', { dataTransfer: transfer });
}

it('the first two minutes on the page: three taps, a dropped PDF over a kill -9, skips, the menu', async () => {
  await using home = await makeTestHome();
  const settings = { REEVE_PORT: String(20_000 + Math.floor(Math.random() * 20_000)) };
  await using first = await startReeve(home, settings);
  await using watched = await openPage(browser);
  const { page } = watched;
  await page.goto((await runReeve(home, ['web'])).stdout.trim());
  const write = async (text: string) => {
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.keyboard.press('Enter');
  };
  const card = (title: RegExp) => page.getByRole('article', { name: title });
  await write('/start');
  await card(/^1 of 5/)
    .getByRole('button', { name: 'Yes' })
    .click();
  await card(/^2 of 5/)
    .getByRole('button', { name: 'Brief' })
    .click();
  await card(/^3 of 5/)
    .getByRole('button', { name: 'Never' })
    .click();
  await card(/^4 of 5/).waitFor();
  await drop(page, 'the accounts.pdf', PDF);
  await page.getByText('the accounts.pdf is attached.').waitFor({ state: 'attached' });
  await takePicture(page, 'tour-dropped');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Reading the accounts.pdf.').first().waitFor();
  await first.kill('SIGKILL');
  await using second = await startReeve(home, settings);
  expect(second.url).toBe(first.url);
  await page.locator('.reply.result', { hasText: 'titled “Accounts of the manor”: 2 pages' }).waitFor();
  await takePicture(page, 'tour-digest');
  await card(/^5 of 5/)
    .getByRole('button', { name: 'Skip' })
    .click();
  const menu = card(/^What I can be connected to/);
  await menu.waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await takePicture(page, 'tour-menu-light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await takePicture(page, 'tour-menu-dark');
  await menu.getByRole('button', { name: 'Telegram' }).click();
  const detail = card(/^Telegram: not yet/);
  await detail.getByText('TELEGRAM_BOT_TOKEN').waitFor();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.waitForTimeout(400);
  await takePicture(page, 'tour-telegram-narrow');
  await detail.getByRole('button', { name: 'All connections' }).click();
  await menu.getByRole('button', { name: 'Done' }).click();
  await card(/^Connections: \/connect shows them again/).waitFor();
  expect(watched.complaints).toEqual([]);
});
