import type { Clock } from '@reeve/core';
import { GrammyError, HttpError } from 'grammy';
import { expect, it } from 'vitest';
import type { BotApi } from '../bot-api.ts';
import { createDownload } from './fetch-file.ts';

const FILE = { id: 'f', name: 'plan.txt', bytes: 3 };

function downloadOf(answers: readonly (string | Error)[], statuses: readonly (number | Error)[]) {
  const [paths, left] = [[...answers], [...statuses]];
  const asked: string[] = [];
  const download = createDownload({
    api: {
      asks: {
        async getFile() {
          const next = paths.length > 1 ? paths.shift() : paths[0];
          if (next instanceof Error) throw next;
          return { file_path: next };
        },
      },
    } as unknown as BotApi,
    fileRoot: 'https://files.example.org/botTOKEN',
    async fetch(url) {
      asked.push(String(url));
      const next = left.length > 1 ? left.shift() : left[0];
      if (next instanceof Error) throw next;
      return new Response('abc', { status: next ?? 200 });
    },
    clock: { now: () => new Date(0), sleep: async () => undefined } as Clock,
  });
  const text = async (content: ReadableStream<Uint8Array>) => new Response(content).text();
  return { asked, run: () => download(FILE, new AbortController().signal, text) };
}

const gone = new GrammyError(
  'no',
  { ok: false, error_code: 400, description: 'Bad Request: gone' },
  'getFile',
  {},
);

it('tries again what passes', async () => {
  const lost = new HttpError('lost', new Error('connection reset'));
  const { asked, run } = downloadOf([lost, 'a.txt'], [502, new TypeError('broken off'), 200]);
  expect(await run()).toMatchObject({ kind: 'failed' });
  expect(asked).toHaveLength(2);
  const fewer = downloadOf([lost, 'a.txt'], [502, 200]);
  expect(await fewer.run()).toBe('abc');
});

it('gives up at once on what does not, and never shows the token', async () => {
  for (const [answers, statuses] of [
    [[gone], [200]],
    [['a.txt'], [404]],
    [['a.txt'], [new TypeError('https://files.example.org/botTOKEN/a.txt')]],
  ] as const) {
    const outcome = await downloadOf(answers, statuses).run();
    expect(JSON.stringify(outcome)).toMatch(/could not be fetched/);
    expect(JSON.stringify(outcome)).not.toContain('TOKEN');
  }
  const { asked, run } = downloadOf(['a.txt'], [404]);
  await run();
  expect(asked).toHaveLength(1);
});

it('asks for the path as it is, whatever stands in it', async () => {
  const { asked, run } = downloadOf(['documents/what? 100% #1 ü.txt'], [200]);
  expect(await run()).toBe('abc');
  const path = new URL(asked[0] ?? '').pathname;
  expect(decodeURIComponent(path)).toBe('/botTOKEN/documents/what? 100% #1 ü.txt');
});
