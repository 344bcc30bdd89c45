import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, makeTestHome, startReeve } from 'reeve/testing';
import { openBrowser, openPage, type WatchedPage } from 'reeve/testing/web';
import { atMost, type Figure, toFigure } from '../figure.ts';
import { takeSamples } from '../measure.ts';

const LOADS = { warmUp: 2, samples: 12 };
/** All that a browser fetches for the page, as it travels. */
const PAGE_KB = 60;
const BARE_PAGE = `<!doctype html><title>floor</title><script>new EventSource('/v1/events')</script>`;

/** What the web chat weighs, and how long a signed-in browser takes from the address to its first event. */
export async function measureWeb(): Promise<readonly Figure[]> {
  await using opened = new AsyncDisposableStack();
  const home = opened.use(await makeTestHome());
  const reeve = opened.use(await startReeve(home, { REEVE_LOG_LEVEL: 'info' }));
  const browser = await openBrowser();
  opened.defer(() => browser.close());
  const bare = opened.use(await openBareServer());
  const floorPage = opened.use(await openPage(browser));
  const floor = await takeSamples(LOADS, () => timeToEvents(floorPage, bare.url));
  const watched = opened.use(await openPage(browser));
  const link = await reeve.call('POST', '/v1/login-links');
  await watched.page.goto(String(link.body['url']));
  await eventually('the page', () => watched.page.locator('#house p').first().isVisible());
  const loads = await takeSamples(LOADS, () => timeToEvents(watched, reeve.url));
  return [
    toFigure({
      id: 'web.weight',
      title: 'web chat, all files gzipped',
      unit: 'KB',
      samples: [await weighPage(reeve.url)],
      goals: [atMost('p50', PAGE_KB)],
    }),
    toFigure({
      id: 'web.first-event',
      title: 'address to the first event, Chromium, files kept from before',
      unit: 'ms',
      samples: loads,
      floor: { title: 'one bare page on a bare server', samples: floor },
    }),
  ];
}

async function timeToEvents({ page }: WatchedPage, url: string): Promise<number> {
  await page.goto('about:blank');
  const events = page.waitForResponse((response) => response.url().includes('/v1/events'));
  const startedAt = performance.now();
  await page.goto(url);
  await events;
  return performance.now() - startedAt;
}

/** Thousands of bytes of the page and of everything that it names, as a browser gets them. */
async function weighPage(url: string): Promise<number> {
  const html = await (await fetch(url)).text();
  const files = [
    ...new Set([...html.matchAll(/(?:href|src)="(\/app\/[^"]+)"/g)].map(([, path]) => path ?? '')),
  ];
  const sizes = await Promise.all(['/', ...files].map((path) => bytesOf(new URL(path, url))));
  return sizes.reduce((sum, bytes) => sum + bytes, 0) / 1000;
}

async function bytesOf(url: URL): Promise<number> {
  const answer = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
  await answer.arrayBuffer();
  return Number(answer.headers.get('content-length'));
}

async function openBareServer(): Promise<{ readonly url: string } & AsyncDisposable> {
  const serve: RequestListener = (request, response) => {
    if (request.url === '/v1/events')
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    else response.writeHead(200, { 'content-type': 'text/html' }).end(BARE_PAGE);
  };
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
