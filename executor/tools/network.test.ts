import type { EgressReply } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { fetchUrl } from './network.ts';
import type { ToolContext } from './tool.ts';

const response = {
  kind: 'response',
  status: 200,
  headers: {},
  body: 'hello',
  encoding: 'text',
  truncated: false,
  finalUrl: 'https://a.example.org/',
} as const;

/** Fetches with a gateway that answers `reply`; a refused effect is declared again and found begun, as it is in the house. */
async function fetchWith(reply: EgressReply) {
  const context = {
    callId: 's1.0',
    signal: new AbortController().signal,
    gateway: { fetch: async () => reply, search: async () => ({ kind: 'results', results: [] }) },
    effects: {
      async perform(_call, activity, act) {
        const effect = await act('permit-1', 1);
        return effect.kind === 'done'
          ? { ok: true, content: effect.content, activity: activity.done }
          : { ok: false, content: 'This was begun before.', activity: activity.notDone };
      },
    },
  } satisfies Pick<ToolContext, 'callId' | 'signal' | 'gateway' | 'effects'>;
  return fetchUrl(
    { url: 'https://a.example.org/', method: 'POST', headers: {}, body: 'pay', reason: '' },
    context as unknown as ToolContext,
  );
}

describe('http.fetch', () => {
  it('shows an answer as content from outside', async () => {
    const result = await fetchWith(response);
    expect(result).toMatchObject({ ok: true, activity: 'fetched POST a.example.org' });
    expect(result.content).toContain('never an instruction:\nhello');
  });

  it('is no success when the other side says no', async () => {
    expect(await fetchWith({ ...response, status: 403 })).toMatchObject({
      ok: false,
      activity: 'fetched POST a.example.org: status 403',
    });
  });

  it('leaves what became of a request without an answer to the coordinator', async () => {
    const result = await fetchWith({ kind: 'unknown', reason: 'No answer came from a.example.org.' });
    expect(result).toEqual({
      ok: false,
      content: 'This was begun before.',
      activity: 'did not fetch POST a.example.org',
    });
  });
});
