import { type GitRepository, parseRepositoryPath } from '@reeve/core';

export type GitService = 'git-upload-pack' | 'git-receive-pack';

/** One of the four requests of the smart HTTP protocol (https://git-scm.com/docs/http-protocol). */
export interface GitRequest {
  readonly repository: GitRepository;
  readonly service: GitService;
  /** `refs` lists what is there, `exchange` fetches or pushes. */
  readonly step: 'refs' | 'exchange';
}

export type GitRequestParse =
  | { readonly kind: 'request'; readonly request: GitRequest }
  /** `reason` is a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };

const REFS = /^\/git\/(?<place>[^?#]+)\/info\/refs\?service=(?<service>git-upload-pack|git-receive-pack)$/;
const EXCHANGE = /^\/git\/(?<place>[^?#]+)\/(?<service>git-upload-pack|git-receive-pack)$/;

/** Reads method and target as they stand in the request's first line; everything but the four requests is refused. */
export function parseGitRequest(method: string, target: string): GitRequestParse {
  const [pattern, step] = method === 'GET' ? ([REFS, 'refs'] as const) : ([EXCHANGE, 'exchange'] as const);
  const found = pattern.exec(target)?.groups;
  if (!found || (method !== 'GET' && method !== 'POST'))
    return refused(
      'Only Git over smart HTTP goes through here: clone, fetch, and pushes that were declared.',
    );
  const parsed = parseRepositoryPath(found['place'] ?? '');
  if (parsed.kind === 'refused') return refused(`This is no repository: ${parsed.reason}.`);
  const service = found['service'] === 'git-receive-pack' ? 'git-receive-pack' : 'git-upload-pack';
  return { kind: 'request', request: { repository: parsed.repository, service, step } };
}

/** Where the request goes on the other side. */
export function remoteTarget({ repository: { path }, service, step }: GitRequest): string {
  return step === 'refs' ? `/${path}/info/refs?service=${service}` : `/${path}/${service}`;
}

/** The one content type that the answer may have; others come from servers that do not speak smart HTTP. */
export function answerType({ service, step }: GitRequest): string {
  return `application/x-${service}-${step === 'refs' ? 'advertisement' : 'result'}`;
}

function refused(reason: string): GitRequestParse {
  return { kind: 'refused', reason };
}
