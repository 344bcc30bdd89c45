import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PICTURES = fileURLToPath(new URL('../../coverage/web/', import.meta.url));

/** A real headless Chromium of the system. */
export function openBrowser(): Promise<Browser> {
  const executablePath = CHROMIUM.find((candidate) => existsSync(candidate));
  if (!executablePath)
    throw new Error(
      'Chromium is missing: sh scripts/system-needs.sh browser installs it (as root, on Debian or Ubuntu).',
    );
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A page of a browser profile of its own, and what it asked for and complained about. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Every address that was asked for, `data:` included. */
  readonly requests: readonly string[];
  /** Errors of scripts, and what the content security policy stopped. */
  readonly complaints: readonly string[];
}

export async function openPage(
  browser: Browser,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: 1200, height: 800 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    ...options,
  });
  const page = await context.newPage();
  return { ...watchPage(page), context, [Symbol.asyncDispose]: () => context.close() };
}

/** Notes what a page asks for and complains about from now on. */
export function watchPage(page: Page): Pick<WatchedPage, 'page' | 'requests' | 'complaints'> {
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // A refused or broken request is noted by the browser whatever the page does about it.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
      complaints.push(message.text());
  });
  return { page, requests, complaints };
}

/** Keeps a picture of a page as output of the test; returns its path. */
export async function takePicture(page: Page, name: string): Promise<string> {
  await mkdir(PICTURES, { recursive: true });
  const file = path.join(PICTURES, `${name}.png`);
  await page.screenshot({ path: file });
  return file;
}
