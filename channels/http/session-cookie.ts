import { SESSION_SECONDS } from './web-sessions.ts';

/** Browsers send a cookie to every port of a host, so each Reeve of this machine has a name of its own. */
export function sessionCookieName(host: string): string {
  return `reeve-${/:(\d+)$/.exec(host)?.[1] ?? '80'}`;
}

/** The `Set-Cookie` that signs a browser in, or out when there is no session. */
export function sessionCookie(host: string, session: string | null): string {
  const age = session === null ? 0 : SESSION_SECONDS;
  return `${sessionCookieName(host)}=${session ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}`;
}
