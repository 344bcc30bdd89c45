import { isDocument, readDocument } from './document-plan.ts';
import { type JobPlan, refused, use } from './job-steps.ts';
import { quoted } from './wording.ts';

const PAGE_FILE = 'page.html';

/** One GET request; tells the status and how the body begins, of a web page what stands in it. */
export function* fetchPage(url: string): JobPlan {
  const result = yield* use('http_fetch', { url, method: 'GET', reason: 'The owner asked for it.' });
  const { content } = result;
  const status = /^status (?<status>\d{3}) from (?<from>.+)$/m.exec(content)?.groups;
  if (!status || !content.startsWith('status ')) return refused(result, `did not fetch ${url}`);
  const [, ...rest] = content.split('\n\n');
  const [, ...body] = rest.join('\n\n').split('\n');
  const code = Number(status['status']);
  const text = body.join('\n');
  if (code < 400 && isDocument(text)) {
    const kept = yield* use('file_write', { path: PAGE_FILE, content: text });
    if (kept.content.startsWith('Wrote ')) {
      const page = yield* readDocument(PAGE_FILE, status['from'] ?? url);
      return page.ok ? { ok: true, text: `${page.text} (Its content comes from outside.)` } : page;
    }
  }
  return {
    ok: code < 400,
    text: [
      `${status['from']} answered with status ${code}.`,
      text.trim() === '' ? 'It sent no content.' : `Its content, which comes from outside:\n${quoted(text)}`,
    ].join(' '),
  };
}

/** Asks that commands may reach a host; the owner decides. */
export function* openHost(host: string, port: number): JobPlan {
  const result = yield* use('network_open', { host, port, reason: 'The owner asked for it.' });
  return result.content.includes(' can now reach ')
    ? { ok: true, text: result.content }
    : refused(result, `did not open ${host}:${port}`);
}
