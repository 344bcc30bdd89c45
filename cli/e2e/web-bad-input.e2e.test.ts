import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FakeHouse, openFakeHouse, sampleApproval } from '@reeve/channel-http/testing';
import { createPageReader } from '@reeve/dashboard';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openBrowser, openPage, takePicture, watchPage } from '../testing/web-browser.ts';

const NOTICE = { kind: 'notice' } as const;
const pages = createPageReader();

let browser: Browser;
let house: FakeHouse;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  house = await openFakeHouse({ pages, heartbeatMs: 200 });
});
afterEach(() => house.stop());

function say(markdown: string, id?: string) {
  return house.deliver({ kind: 'text', markdown }, NOTICE, id === undefined ? {} : { id });
}

function askToDelete(state: 'pending' | 'approved', title = 'Delete 1 file: T-1/primes.csv') {
  const blocks =
    state === 'pending'
      ? [
          { kind: 'heading' as const, text: title },
          {
            kind: 'actions' as const,
            actions: [
              {
                label: 'Once',
                style: 'danger' as const,
                action: { kind: 'approve' as const, code: 'A7K2', scope: 'once' as const },
                typed: '/approve A7K2',
              },
            ],
          },
        ]
      : [{ kind: 'text' as const, text: 'Approved (once) by owner.' }];
  return house.deliver(
    { kind: 'card', card: { key: 'approval:A7K2', title: `? T-1 asks: ${title}`, blocks } },
    { kind: 'approval-card', code: 'A7K2', question: 'permission', taskId: 'T-1', state },
  );
}

async function open(page: Page): Promise<void> {
  await page.goto(house.newWebLink());
  await page.locator('#house p').first().waitFor();
}

const HOSTILE = [
  '<img src="http://evil.example/a.png" onerror="window.hit=1">',
  '<svg onload="window.hit=1"><script>window.hit=1</script></svg>',
  '<iframe src="http://evil.example/frame"></iframe><style>body{display:none}</style>',
  '![picture](http://evil.example/b.png) and ![x](data:image/svg+xml,<svg/onload=alert(1)>)',
  '[click](javascript:window.hit=1) [data](data:text/html,<script>window.hit=1</script>)',
  '[https://bank.example](http://evil.example/login)',
  '```html\n<script>window.hit=1</script>\n```',
  '| a | b |\n|---|---|\n| <b onclick=alert(1)>x | ![](http://evil.example/c.png) |',
  `${'*'.repeat(20_000)} ${'['.repeat(20_000)} ${'`'.repeat(20_000)} ${'> '.repeat(5_000)}`,
  'turned \u202Egnp.exe\u202C and \u200Bhidden',
];

describe('what comes from models, tools and strangers', () => {
  it('runs nothing, loads nothing and hides nothing, whatever a message, card or file name holds', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    page.on('dialog', (dialog) => dialog.dismiss().then(() => expect.fail('a dialog was opened')));
    await open(page);
    for (const markdown of HOSTILE) await say(markdown);
    await askToDelete('pending', '<img src=http://evil.example/d.png onerror=window.hit=1> a\u202Eb');
    await page.setInputFiles('#picker', {
      name: '"><img src=x onerror=window.hit=1>\u202Egpj.svg',
      mimeType: 'image/svg+xml',
      buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit=1"/>'),
    });
    await page.locator('.chip').waitFor();
    await page.locator('#send:not([disabled])').click();
    await page.locator('.said .chip').waitFor();
    await page.locator('.card.question').waitFor();
    await takePicture(page, 'hostile');

    expect(await page.evaluate('window.hit')).toBeUndefined();
    expect(watched.requests.filter((url) => !url.startsWith(house.url))).toEqual([]);
    expect(watched.complaints).toEqual([]);
    const loaded =
      '#messages :is(img, script, iframe, style, object, embed, video, svg:not(.icon), [onclick])';
    expect(await page.locator(loaded).count()).toBe(0);
    const addresses = await page
      .locator('#messages a')
      .evaluateAll<string[], HTMLLink>((links) => links.map((link) => link.href));
    expect(addresses.filter((address) => !/^https?:\/\//.test(address))).toEqual([]);
    const words = await page.locator('#messages').textContent();
    expect(words).toContain('<script>window.hit=1</script>');
    expect(words).toContain('⟨U+202E⟩gnp.exe⟨U+202C⟩');
    expect(words).toContain('(evil.example)');
    expect(await page.locator('.card.question h2').textContent()).toContain('a⟨U+202E⟩b');
  });
});

interface HTMLLink {
  readonly href: string;
}

describe('links and sessions', () => {
  it('each link works once; a used, a wrong and an old one say so, and a browser that is signed in needs none', async () => {
    const link = house.newWebLink();
    await using first = await openPage(browser);
    await first.page.goto(link);
    await first.page.getByText('What shall be done?').waitFor();
    expect(first.page.url()).toBe(`${house.url}/`);
    const [cookie] = await first.context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });

    await using thief = await openPage(browser);
    await thief.page.goto(link);
    await thief.page.getByText('This link was used before, and each works once.').waitFor();
    await takePicture(thief.page, 'used-link');
    await thief.page.goto('about:blank');
    await thief.page.goto(`${house.url}/#login=guessed`);
    await thief.page.getByText('This link does not count any more').waitFor();
    await thief.page.goto('about:blank');
    await thief.page.goto(house.url);
    await thief.page.getByText('Not signed in').waitFor();

    await first.page.goto('about:blank');
    await first.page.goto(link);
    await first.page.getByText('What shall be done?').waitFor();
    await first.page.getByRole('button', { name: 'Sign this browser out' }).click();
    await first.page.getByText('Signed out').waitFor();
    await first.page.reload();
    await first.page.getByText('Not signed in').waitFor();
  });

  it('a page of another port of this machine, to which the cookie goes along, can neither read nor do anything', async () => {
    await using watched = await openPage(browser);
    const { page, context } = watched;
    await open(page);
    const other = createServer((_request, answer) => answer.end('<!doctype html><title>other</title>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const elsewhere = await context.newPage();
      await elsewhere.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
      const answers: number[] = [];
      elsewhere.on('response', (response) => answers.push(response.status()));
      const attempts = `Promise.allSettled([
        fetch('${house.url}/v1/status', { credentials: 'include', mode: 'no-cors' }),
        fetch('${house.url}/v1/conversations/main/messages', { method: 'POST', credentials: 'include', mode: 'no-cors',
          headers: { 'content-type': 'text/plain' }, body: '{"text":"delete everything"}' }),
        fetch('${house.url}/v1/status', { credentials: 'include' }),
      ]).then((all) => all.map(({ status, value }) => status === 'fulfilled' ? value.type : 'refused'))`;
      expect(await elsewhere.evaluate(attempts)).toEqual(expect.arrayContaining(['refused']));
      expect(answers.every((status) => status === 401 || status === 403)).toBe(true);
      expect(house.received).toEqual([]);
    } finally {
      other.close();
    }
  });
});

describe('tabs and networks', () => {
  it('two tabs agree on what was said, asked and decided', async () => {
    await using watched = await openPage(browser);
    const one = watched.page;
    await open(one);
    const two = await watched.context.newPage();
    watchPage(two);
    await two.goto(house.url);
    house.approvals.set('A7K2', sampleApproval());
    house.onDecision = async () => {
      await askToDelete('approved');
      return { kind: 'decided', sentence: 'Approved once.' };
    };
    await one.getByLabel('Message', { exact: true }).fill('hello from one');
    await one.keyboard.press('Enter');
    await two.locator('.said', { hasText: 'hello from one' }).waitFor();
    await askToDelete('pending');
    await one.locator('.card.question').waitFor();
    await two.getByRole('button', { name: 'Once' }).click();
    await one.locator('.card', { hasText: 'Approved (once) by owner.' }).waitFor();
    await two.locator('.card', { hasText: 'Approved (once) by owner.' }).waitFor();
    expect(await one.getByRole('button', { name: 'Once' }).count()).toBe(0);
    expect(await one.locator('.said').count()).toBe(1);
    expect(house.decisions).toHaveLength(1);
  });

  it('shows an answer as it grows, and then the answer alone', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await open(page);
    house.onMessage = (_message, turnId) => house.draft(turnId, 'The answer **gro');
    await page.getByLabel('Message', { exact: true }).fill('question');
    await page.keyboard.press('Enter');
    await page.locator('#growing', { hasText: 'The answer **gro' }).waitFor();
    house.draft('turn-1', 'The answer **grows**');
    await page.locator('#growing strong', { hasText: 'grows' }).waitFor();
    const about = { kind: 'turn' as const, turnId: 'turn-1', tasks: [], also: [] };
    await house.deliver({ kind: 'text', markdown: 'The answer **is here**' }, about);
    await page.locator('#messages strong', { hasText: 'is here' }).waitFor();
    house.draft('turn-1', 'late');
    await say('and more');
    await page.getByText('and more', { exact: true }).waitFor();
    expect(await page.locator('#growing').textContent()).toBe('');
  });

  it('a stream that was away for long says so, misses nothing and repeats nothing', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await open(page);
    await say('before');
    await page.getByText('before', { exact: true }).waitFor();
    await house.stop();
    await page.getByText(/Not connected since \d\d:\d\d; trying again/).waitFor();
    for (let number = 1; number <= 120; number += 1) await say(`while away ${number}`);
    await page.getByLabel('Message', { exact: true }).fill('written while away');
    await page.keyboard.press('Enter');
    await page.getByText('Sending…').waitFor();
    await house.resume();
    await page.getByText('while away 120', { exact: true }).waitFor();
    await page.locator('#messages .said', { hasText: 'written while away' }).waitFor();
    expect(house.received.map(({ text }) => text)).toEqual(['written while away']);
    expect(await page.getByText('while away 77', { exact: true }).count()).toBeLessThanOrEqual(1);
    expect(watched.complaints).toEqual([]);
  });
});

describe('clocks', () => {
  it('an hour without a network: says since when, then has everything once and in order', async () => {
    await using watched = await openPage(browser);
    const { page, context } = watched;
    await page.clock.install({ time: new Date('2026-11-21T14:05:00Z') });
    await open(page);
    await say('before');
    await page.getByText('before', { exact: true }).waitFor();
    await context.setOffline(true);
    await house.stop();
    await page.clock.runFor('00:30');
    await page.getByText(/Not connected since 14:0\d; trying again/).waitFor();
    for (let number = 1; number <= 60; number += 1) await say(`while away ${number}`);
    await page.clock.fastForward('01:00:00');
    await page.getByText(/Not connected since 14:0\d; trying again/).waitFor();
    await house.resume();
    await context.setOffline(false);
    await page.clock.runFor('00:30');
    await page.getByText('while away 60', { exact: true }).waitFor();
    const shown = await page
      .locator('#messages')
      .getByText(/^while away \d+$/)
      .allTextContents();
    expect(shown.slice(-3)).toEqual(['while away 58', 'while away 59', 'while away 60']);
    expect(new Set(shown).size).toBe(shown.length);
    expect(watched.complaints).toEqual([]);
  });

  it('that jump back a day change nothing of what is shown, and messages still go both ways', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await page.clock.install({ time: new Date('2026-11-21T14:05:00Z') });
    await open(page);
    await say('before');
    await page.getByText('before', { exact: true }).waitFor();
    await page.clock.setSystemTime(new Date('2026-11-20T02:00:00Z'));
    await page.getByLabel('Message', { exact: true }).fill('yesterday, it seems');
    await page.keyboard.press('Enter');
    await page.locator('#messages .said', { hasText: 'yesterday, it seems' }).waitFor();
    await say('after');
    await page.getByText('after', { exact: true }).waitFor();
    expect(house.received.map(({ text }) => text)).toEqual(['yesterday, it seems']);
    expect(watched.complaints).toEqual([]);
  });
});

describe('much', () => {
  it('ten thousand messages: few are on the page, old ones come by scrolling and by search', async () => {
    for (let number = 1; number <= 10_000; number += 1) await say(`message number ${number} of many`);
    await using watched = await openPage(browser);
    const { page } = watched;
    await open(page);
    await page.getByText('message number 10000 of many').waitFor();
    const items = page.locator('#messages > li');
    for (let turn = 0; turn < 8; turn += 1) {
      await page.evaluate('document.querySelector("#scroller").scrollTop = 0');
      await page.waitForTimeout(120);
    }
    expect(await items.count()).toBeLessThanOrEqual(200);
    expect(
      Number(/\d+/.exec(((await items.first().textContent()) ?? '').split('number')[1] ?? '')?.[0]),
    ).toBeLessThan(9_800);
    await page.getByRole('button', { name: 'To the newest' }).click();
    await page.getByText('message number 10000 of many').waitFor();

    await page.keyboard.press('Control+k');
    await page.getByLabel('Words to look for').fill('NUMBER 4711');
    await page.locator('.hits a').first().press('Enter');
    await page.locator('#messages').getByText('message number 4711 of many').waitFor();
    await page.evaluate('document.querySelector("#scroller").scrollTop = 1e9');
    await page.getByText('message number 4750 of many').waitFor();
    expect(await items.count()).toBeLessThanOrEqual(200);
    await say('something new');
    await page.getByRole('button', { name: 'To the newest' }).click();
    await page.getByText('something new', { exact: true }).waitFor();
  });

  it('takes files by picker, paste and drop up to 25 MB, and says so beyond', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await open(page);
    const file = (name: string, megabytes: number) => ({
      name,
      mimeType: 'application/octet-stream',
      buffer: Buffer.alloc(megabytes * 1024 * 1024),
    });
    await page.setInputFiles('#picker', file('large.bin', 26));
    await page
      .getByText('“large.bin” has 26 MB; files up to 25 MB are taken. It was not attached.')
      .waitFor();
    await page.setInputFiles('#picker', file('whole.bin', 25));
    await page.locator('.chip', { hasText: 'whole.bin' }).waitFor();
    const give = (kind: string, target: string) => `(() => {
      const data = new DataTransfer();
      data.items.add(new File(['words'], '${kind}.txt', { type: 'text/plain' }));
      const event = '${kind}' === 'paste'
        ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
        : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
      document.querySelector('${target}').dispatchEvent(event);
    })()`;
    await page.evaluate(give('paste', '#message'));
    await page.evaluate(give('drop', '#main'));
    await page.locator('.chip', { hasText: 'drop.txt' }).waitFor();
    await expect.poll(() => house.files.size).toBe(3);
    await page.locator('#send:not([disabled])').click();
    await expect
      .poll(() => house.received.map(({ attachments }) => [...attachments].sort()))
      .toEqual([['uploads/drop.txt', 'uploads/paste.txt', 'uploads/whole.bin']]);
  });

  it('keeps several conversations apart: begins, names, switches and finds them', async () => {
    await using watched = await openPage(browser);
    const { page } = watched;
    await open(page);
    await page.getByRole('button', { name: 'New conversation' }).click();
    await page.getByText('What shall be done?').waitFor();
    await page.getByLabel('Message', { exact: true }).fill('a new subject');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'a new subject' }).waitFor();
    await page.getByRole('link', { name: 'Main' }).click();
    await page.getByRole('heading', { level: 1, name: 'Main' }).waitFor();
    expect(await page.locator('#messages .said').count()).toBe(0);
    await page.getByRole('button', { name: 'Rename this conversation' }).click();
    await page.getByLabel('Title').fill('Household');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Household' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Household' }).waitFor();
  });
});
