import { generateKeyPairSync, sign } from 'node:crypto';

/** A key and a certificate in PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const TAGS = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  text: 0x0c,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
};
/** OIDs in their DER bytes: Ed25519 (RFC 8410), commonName, subjectAltName, basicConstraints. */
const ED25519 = [0x2b, 0x65, 0x70];
const COMMON_NAME = [0x55, 0x04, 0x03];
const ALT_NAME = [0x55, 0x1d, 0x11];
const CONSTRAINTS = [0x55, 0x1d, 0x13];
const DNS_NAME = 0x82;
const TRUE = Buffer.from([0x01, 0x01, 0xff]);
const DAY_MS = 24 * 3600 * 1000;

/** A certificate for a host name, signed by itself, as X.509 version 3 in DER (RFC 5280); valid yesterday to tomorrow. */
export function makeCertificate(host: string): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const algorithm = der(TAGS.sequence, der(TAGS.oid, ED25519));
  const name = der(
    TAGS.sequence,
    der(TAGS.set, der(TAGS.sequence, der(TAGS.oid, COMMON_NAME), der(TAGS.text, Buffer.from(host)))),
  );
  const extensions = der(
    TAGS.sequence,
    extension(CONSTRAINTS, der(TAGS.sequence, TRUE)),
    extension(ALT_NAME, der(TAGS.sequence, der(DNS_NAME, Buffer.from(host)))),
  );
  const body = der(
    TAGS.sequence,
    der(0xa0, der(TAGS.integer, [2])),
    der(TAGS.integer, [1]),
    algorithm,
    name,
    der(TAGS.sequence, time(-DAY_MS), time(DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = der(TAGS.bits, [0], sign(null, body, privateKey));
  const base64 = der(TAGS.sequence, body, algorithm, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function extension(oid: readonly number[], value: Buffer): Buffer {
  return der(TAGS.sequence, der(TAGS.oid, oid), der(TAGS.octets, value));
}

function time(fromNowMs: number): Buffer {
  const text = new Date(Date.now() + fromNowMs).toISOString();
  return der(TAGS.time, Buffer.from(`${text.slice(0, 19).replace(/\D/g, '')}Z`));
}

/** One value with its tag and its length. */
function der(tag: number, ...parts: readonly (Uint8Array | readonly number[])[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}
