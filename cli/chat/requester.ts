import { problemSchema } from '@reeve/channel-http';
import { ApiProblem, ApiUnreachable } from './api-error.ts';

interface RequestBody {
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly signal?: AbortSignal;
}

export type Requester = (method: 'GET' | 'POST', path: string, body?: RequestBody) => Promise<Response>;

/**
 * Sends one request with the token. Rejects with `ApiProblem` for any answer but a success, with `ApiUnreachable` when
 * none comes, with the signal's reason when it aborts.
 */
export function createRequester({ url, token }: { url: string; token: string }): Requester {
  return async (method, path, body = {}) => {
    const { json, bytes, signal } = body;
    const type = json !== undefined ? 'application/json' : bytes ? 'application/octet-stream' : null;
    const content = json !== undefined ? JSON.stringify(json) : bytes;
    const answer = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(type === null ? {} : { 'content-type': type }) },
      ...(content === undefined ? {} : { body: content as string | Uint8Array<ArrayBuffer> }),
      ...(signal ? { signal } : {}),
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new ApiUnreachable(url, error);
    });
    if (answer.ok) return answer;
    throw await problemOf(answer);
  };
}

async function problemOf(answer: Response): Promise<ApiProblem> {
  const text = await answer.text();
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  const problem = isProblem ? problemSchema.safeParse(JSON.parse(text)) : null;
  if (problem?.success) return new ApiProblem(problem.data);
  return new ApiProblem({
    code: 'internal',
    status: answer.status,
    detail: `Reeve answered with HTTP ${answer.status} and no explanation.`,
    retryable: answer.status >= 500,
  });
}
