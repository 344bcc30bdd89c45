import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { formatHostPort } from '@reeve/core';
import { afterEach, describe, expect, it } from 'vitest';
import { openEgressBench } from '../testing/egress-bench.ts';
import { openGitSite } from '../testing/git-site.ts';
import { makeCertificate } from '../testing/self-signed.ts';
import type { GitCredentials } from './git-credentials.ts';

const token = 'token-of-the-owner';
const basic: GitCredentials = {
  forHost: async () => ({
    kind: 'basic',
    name: 'GIT_SITE',
    authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
  }),
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A gateway with the owner's credential, and a Git server with TLS at the usual port or at one of its own. */
async function askTls(options: { port?: number; isExempt?: boolean; opens: 'host' | 'repository' | 'both' }) {
  const certificate = makeCertificate('site.example.org');
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, certificate.cert]);
  closing.push(() => setDefaultCACertificates(trusted));
  const git = await openGitSite(certificate);
  const place = { host: 'site.example.org', port: options.port ?? 443 };
  const bench = await openEgressBench({
    privateHosts: options.isExempt === false ? [] : [place],
    gitCredentials: basic,
    resolve: async () => [options.isExempt === false ? '93.184.216.34' : '127.0.0.1'],
    addressFor: () => '127.0.0.1',
    portFor: () => git.site.port,
  });
  closing.push(bench.close, git.close);
  const name = `${place.port === 443 ? place.host : formatHostPort(place)}/owner/name`;
  if (options.opens !== 'repository') bench.opened.push({ task: 'T-1', approval: 'A1', ...place });
  if (options.opens !== 'host') bench.repositories.push({ task: 'T-1', repository: name, approval: 'A2' });
  const ask = async () => {
    const asked = httpRequest({
      socketPath: bench.socketPath,
      path: `/git/${name}/info/refs?service=git-upload-pack`,
      headers: { authorization: `Bearer ${bench.token()}` },
    }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return { status: response.statusCode, said: await text(response) };
  };
  const sent = () => git.site.asked.map(({ headers }) => headers.authorization?.slice(0, 6) ?? 'none');
  return { git, ask, sent };
}

describe('the owner’s credentials', () => {
  it.each([
    ['along to a repository that was opened', { opens: 'repository' }, 'Basic '],
    ['along though its host was opened, too', { opens: 'both' }, 'Basic '],
    ['along to a port that the operator names', { opens: 'repository', port: 8443 }, 'Basic '],
    ['nowhere for a host that was opened to commands', { opens: 'host' }, 'none'],
    ['nowhere for one at a port of its own', { opens: 'host', port: 8443 }, 'none'],
    ['to no other port', { opens: 'repository', port: 8443, isExempt: false }, 'none'],
  ] as const)('go %s', async (_name, options, expected) => {
    const { ask, sent } = await askTls(options);
    expect(await ask()).toMatchObject({ status: 200 });
    expect(sent()).toEqual([expected]);
  });

  it.each([
    [{ opens: 'host' }, /wants credentials.*only once .* itself is open.*git_open/],
    [
      { opens: 'repository', port: 8443, isExempt: false },
      /wants credentials.*port 443 only.*REEVE_PRIVATE_HOSTS/,
    ],
  ] as const)('that were not sent along are accounted for in words: %j', async (options, words) => {
    const { git, ask } = await askTls(options);
    git.instead = (_request, response) => response.writeHead(401).end();
    expect((await ask()).said).toMatch(words);
  });

  it('that a host knows from before do not come back either', async () => {
    const { git, ask } = await askTls({ opens: 'host' });
    git.instead = (_request, response) => {
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
      response.end(`0000 ${token}`);
    };
    const said = await ask().catch(() => 'cut off');
    expect(JSON.stringify(said)).not.toContain(token);
  });
});
