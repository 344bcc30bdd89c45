import { type FakeHouse, openFakeHouse } from '@reeve/channel-http/testing';
import { readCardSamples } from '@reeve/core/testing';
import { createPageReader } from '@reeve/dashboard';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { openBrowser, openPage, takePicture } from '../testing/web-browser.ts';

let browser: Browser;
let house: FakeHouse;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  house = await openFakeHouse({ pages: createPageReader(), heartbeatMs: 200 });
});
afterEach(() => house.stop());

it('renders every card as the golden file has it', async () => {
  const samples = readCardSamples();
  await using watched = await openPage(browser);
  const { page } = watched;
  await page.goto(house.newWebLink());
  await page.locator('#house p').first().waitFor();
  for (const [index, { card, about }] of samples.entries()) {
    await house.deliver({ kind: 'card', card: { ...card, key: `${card.key}#${index}` } }, about);
    await page.locator('article.card').nth(index).waitFor();
  }
  const texts = await page.locator('article.card').allInnerTexts();
  const words = texts.map((text) => text.replace(/\n+/g, '\n').trim());
  const rendered = samples.map(({ name }, index) => `## ${name}\n\n${words[index] ?? ''}\n`);
  await expect(rendered.join('\n')).toMatchFileSnapshot('golden/web-cards.txt');
  await takePicture(page, 'cards');
});
