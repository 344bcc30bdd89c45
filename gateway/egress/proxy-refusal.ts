import type { HttpBindings } from '@hono/node-server';
import type { Context, Next } from 'hono';

/** What a command reads whose request no tunnel takes. */
export const HOW_TO_OPEN =
  'This sandbox reaches no host but those opened for it. Ask with the tool network_open(host, port), then use https; ' +
  'or make a single request with http_fetch.';

/**
 * Refuses requests in proxy form (`GET http://host/`): unencrypted traffic is not tunnelled, and a path on a foreign host
 * must not be taken for one of the gateway's own.
 */
export async function refuseProxying(
  context: Context<{ Bindings: HttpBindings }>,
  next: Next,
): Promise<Response | undefined> {
  if (context.env.incoming.url?.startsWith('/')) {
    await next();
    return undefined;
  }
  return new Response(`Plain http does not go through here. ${HOW_TO_OPEN}\n`, {
    status: 403,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  });
}
