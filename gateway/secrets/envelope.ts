import { createCipheriv, createDecipheriv } from 'node:crypto';
import { canonicalJson, type SealedSecret } from '@reeve/core';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
/** NIST SP 800-38D: 96-bit nonces, 128-bit tags. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a seal covers beside the value: an envelope under another name, version or host list does not open. */
type Bound = Pick<SealedSecret, 'name' | 'version' | 'hosts'>;

/** A version of the tenant's key. */
export interface TenantKey {
  readonly version: number;
  readonly key: Uint8Array;
}

/** Unpredictable bytes. */
export type RandomBytes = (count: number) => Uint8Array;

/**
 * Seals a value in an envelope: AES-256-GCM under a random key of its own, and that key under the tenant's, so that the
 * tenant's key can be changed without touching the value.
 */
export function sealSecret(
  secret: Bound & { readonly value: string; readonly createdAt: Date },
  tenantKey: TenantKey,
  randomBytes: RandomBytes,
): SealedSecret {
  const { value, ...bound } = secret;
  const dataKey = randomBytes(KEY_BYTES);
  return {
    ...bound,
    keyVersion: tenantKey.version,
    wrappedKey: wrap(dataKey, bound, tenantKey, randomBytes),
    sealedValue: seal(Buffer.from(value, 'utf8'), dataKey, boundTo(bound, 'value'), randomBytes),
  };
}

/** The value of a sealed secret; null when the key does not fit or anything that the seal covers was changed. */
export function openSecret(secret: SealedSecret, tenantKey: Uint8Array): string | null {
  const dataKey = unwrap(secret, tenantKey);
  const value = dataKey && open(secret.sealedValue, dataKey, boundTo(secret, 'value'));
  return value ? value.toString('utf8') : null;
}

/** The same secret with its key wrapped by another version of the tenant's; null when the old one does not fit. */
export function rewrapSecret(
  secret: SealedSecret,
  from: Uint8Array,
  to: TenantKey,
  randomBytes: RandomBytes,
): SealedSecret | null {
  const dataKey = unwrap(secret, from);
  return dataKey && { ...secret, keyVersion: to.version, wrappedKey: wrap(dataKey, secret, to, randomBytes) };
}

function wrap(dataKey: Uint8Array, bound: Bound, { version, key }: TenantKey, randomBytes: RandomBytes) {
  return seal(dataKey, key, boundTo(bound, `key v${version}`), randomBytes);
}

function unwrap(secret: SealedSecret, tenantKey: Uint8Array): Buffer | null {
  const dataKey = open(secret.wrappedKey, tenantKey, boundTo(secret, `key v${secret.keyVersion}`));
  return dataKey?.length === KEY_BYTES ? dataKey : null;
}

function boundTo({ name, version, hosts }: Bound, part: string): Buffer {
  return Buffer.from(canonicalJson({ name, version, hosts: [...hosts], part }), 'utf8');
}

/** Base64 of nonce, ciphertext and tag. */
function seal(plain: Uint8Array, key: Uint8Array, bound: Uint8Array, randomBytes: RandomBytes): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64');
}

function open(text: string, key: Uint8Array, bound: Uint8Array): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(bound)
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  const plain = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    // `final` throws when the tag does not fit, and for nothing else.
    return null;
  }
}
