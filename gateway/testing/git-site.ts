import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from './self-signed.ts';
import { openSite, openTlsSite, type Site } from './sites.ts';

/** A Git server (`git http-backend`) on loopback with one bare repository, `owner/name.git`. */
export interface GitSite {
  readonly site: Site;
  /** Runs git in a directory of the test, as a person who needs no door; trimmed output. */
  git(directory: string, ...args: readonly string[]): string;
  /** The bare repository. */
  readonly repository: string;
  /** An empty folder of the test. */
  readonly folder: string;
  /** What the server does instead of its work, while set; `proceed` does its work all the same. */
  instead: ((request: IncomingMessage, response: ServerResponse, proceed: () => void) => void) | null;
  close(): Promise<void>;
}

const IDENTITY = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Tester',
  GIT_AUTHOR_EMAIL: 'tester@example.org',
  GIT_COMMITTER_NAME: 'Tester',
  GIT_COMMITTER_EMAIL: 'tester@example.org',
  GIT_TERMINAL_PROMPT: '0',
};

/** Opens the server, over TLS with a certificate, with one commit on `main`. */
export async function openGitSite(certificate?: Certificate): Promise<GitSite> {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-git-'));
  const root = join(folder, 'served');
  const repository = join(root, 'owner', 'name.git');
  const git = (directory: string, ...args: readonly string[]) =>
    execFileSync('git', ['-C', directory, ...args], {
      env: { PATH: process.env['PATH'], HOME: folder, ...IDENTITY },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', repository);
  git(repository, 'config', 'http.receivepack', 'true');
  git(folder, 'init', '--quiet', '--initial-branch=main', join(folder, 'seed'));
  git(join(folder, 'seed'), 'commit', '--quiet', '--allow-empty', '-m', 'First words');
  git(join(folder, 'seed'), 'push', '--quiet', repository, 'main');
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const proceed = () => answer(request, response, root);
    if (gitSite.instead) gitSite.instead(request, response, proceed);
    else proceed();
  };
  const site = await (certificate ? openTlsSite(certificate, listener) : openSite(listener));
  const gitSite: GitSite = {
    site,
    git,
    repository,
    folder,
    instead: null,
    async close() {
      await site.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return gitSite;
}

/** One request by way of CGI (RFC 3875). */
function answer(request: IncomingMessage, response: ServerResponse, root: string): void {
  const url = new URL(request.url ?? '', 'http://site');
  const text = (name: string) => String(request.headers[name] ?? '');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...IDENTITY,
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: text('content-type'),
      HTTP_CONTENT_ENCODING: text('content-encoding'),
      GIT_PROTOCOL: text('git-protocol'),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  // A client that leaves, or a backend that has read enough, is not the server's concern.
  child.stdin.on('error', () => request.unpipe());
  let head = Buffer.alloc(0);
  child.stdout.on('data', function read(piece: Buffer) {
    head = Buffer.concat([head, piece]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    child.stdout.off('data', read);
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [name = '', value = ''] = line.split(/:\s*/, 2);
      if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.write(head.subarray(end + 4));
    child.stdout.pipe(response);
  });
}
