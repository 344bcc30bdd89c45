import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@reeve/core';

/** What a browser's session and the links that begin one need. */
export interface WebSessionDeps {
  /** Signs sessions. It outlives restarts, so a browser stays signed in; a new key signs every browser out. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** How a link's token was taken: good once, within its time, and only by the process that made it. */
export type Redemption =
  | { readonly kind: 'signed-in'; readonly session: string }
  | { readonly kind: 'used' | 'expired' };

export interface WebSessions {
  /** A token for one link, good once, that signs its bearer in as this person (their id in this channel). */
  newLink(person: string): { readonly token: string; readonly expiresAt: Date };
  redeem(token: string): Redemption;
  /** The id of the person whose session this is; null when it does not count. */
  personOf(session: string): string | null;
}

export const SESSION_SECONDS = 30 * 24 * 3600;
const LINK_MS = 24 * 3600 * 1000;
/** Links are printed by people; more than these are forgotten, oldest first. */
const REMEMBERED_LINKS = 1000;
const TOKEN_BYTES = 32;

/**
 * Signs browsers in. A link carries a random token that this process remembers; a session is
 * `<expiry>.<random>.<person>.<HMAC>` and remembered by nobody. Whether the person may still come in is not said by it.
 */
export function createWebSessions({ key, clock, randomBytes }: WebSessionDeps): WebSessions {
  const links = new Map<string, { readonly expires: number; readonly person: string; isUsed: boolean }>();
  const newToken = () => Buffer.from(randomBytes(TOKEN_BYTES)).toString('base64url');
  const sign = (body: string) => createHmac('sha256', key).update(`web-session.${body}`).digest('base64url');

  return {
    newLink(person) {
      const token = newToken();
      const expires = clock.now().getTime() + LINK_MS;
      links.set(token, { expires, person, isUsed: false });
      const [oldest] = links.keys();
      if (links.size > REMEMBERED_LINKS && oldest !== undefined) links.delete(oldest);
      return { token, expiresAt: new Date(expires) };
    },
    redeem(token) {
      // Looked up by its whole random value: what a lookup's time tells says nothing about another one.
      const link = links.get(token);
      if (!link || link.expires <= clock.now().getTime()) return { kind: 'expired' };
      if (link.isUsed) return { kind: 'used' };
      link.isUsed = true;
      const expires = Math.floor(clock.now().getTime() / 1000) + SESSION_SECONDS;
      const body = `${expires}.${newToken()}.${Buffer.from(link.person).toString('base64url')}`;
      return { kind: 'signed-in', session: `${body}.${sign(body)}` };
    },
    personOf(session) {
      const cut = session.lastIndexOf('.');
      const body = session.slice(0, Math.max(0, cut));
      const given = Buffer.from(session.slice(cut + 1));
      const expected = Buffer.from(sign(body));
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      const [expires, , person = ''] = body.split('.');
      if (Number(expires) * 1000 <= clock.now().getTime()) return null;
      return Buffer.from(person, 'base64url').toString();
    },
  };
}
