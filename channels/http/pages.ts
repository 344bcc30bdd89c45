import { type Api, problem } from './guard.ts';

/** A file of the web chat as it is sent. */
export interface Page {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** Changes with the content; quoted, as the header wants it. */
  readonly etag: string;
}

/** The files of the web chat by their path, `/` among them; null when there is no such page. What a path other than `/` holds never changes. */
export type PageReader = (path: string) => Promise<Page | null>;

/**
 * Nothing from elsewhere, nothing inline, no frame around it, no text that becomes markup: what the page shows was
 * written by models, tools and strangers.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Where the pages are; they hold nothing secret, so they need no session. */
export function isPagePath(path: string): boolean {
  return path === '/' || path.startsWith('/app/');
}

/** Serves the web chat. */
export function addPages(api: Api, read: PageReader): void {
  for (const route of ['/', '/app/*'])
    api.get(route, async (context) => {
      const page = await read(context.req.path);
      return page
        ? answerWith(page, context.req.path, context.req.raw.headers)
        : problem('route-unknown', context.req.path);
    });
}

function answerWith(page: Page, path: string, request: Headers): Response {
  const headers = {
    etag: page.etag,
    'cache-control': path === '/' ? 'no-cache' : 'max-age=31536000, immutable',
    vary: 'accept-encoding',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  };
  if (request.get('if-none-match') === page.etag) return new Response(null, { status: 304, headers });
  const takesGzip = /\bgzip\b/.test(request.get('accept-encoding') ?? '');
  const body = takesGzip ? page.gzipped : page.body;
  return new Response(body, {
    headers: {
      ...headers,
      'content-type': page.contentType,
      'content-length': String(body.byteLength),
      ...(takesGzip ? { 'content-encoding': 'gzip' } : {}),
    },
  });
}
