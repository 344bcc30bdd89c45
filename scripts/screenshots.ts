import { copyFile, mkdir } from 'node:fs/promises';
import { makeTestHome, startReeve } from 'reeve/testing';
import { openBrowser, openPage, takePicture } from 'reeve/testing/web';

/**
 * Makes the README's picture, `docs/web-chat.png`, from a real Reeve with the rehearsal model: a job with its proof, and
 * a question with the run beside it.
 */
const VIEWPORT = { width: 1240, height: 1120 };

await using home = await makeTestHome();
await using reeve = await startReeve(home, { REEVE_LOG_LEVEL: 'info' });
const browser = await openBrowser();
try {
  await using watched = await openPage(browser, { viewport: VIEWPORT });
  const { page } = watched;
  const link = await reeve.call('POST', '/v1/login-links');
  await page.goto(String(link.body['url']));
  await page
    .getByLabel('Message', { exact: true })
    .fill('Make a CSV of the first 20 primes and tell me their sum');
  await page.keyboard.press('Enter');
  await page.locator('.reply.result').waitFor();
  await page.getByLabel('Message', { exact: true }).fill('Delete it');
  await page.keyboard.press('Enter');
  await page.locator('.card.question').waitFor();
  await page.getByText('1 question waits').waitFor();
  const picture = await takePicture(page, 'readme');
  await mkdir('docs', { recursive: true });
  await copyFile(picture, 'docs/web-chat.png');
  console.log('docs/web-chat.png');
} finally {
  await browser.close();
}
