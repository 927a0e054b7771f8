/**
 * Signs certificates by Ed25519, and checks them. A certificate is a JSON document whose last member is
 * its signature; signed are the bytes before that line, so that `openssl` can check it too (docs/audit.md).
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

/** One key; without its private half it only checks what it signed before. */
export interface CertificateKey {
  /** The first 16 hex digits of the SHA-256 of the public key, as DER (SPKI). */
  readonly keyId: string;
  readonly publicKey: KeyObject;
  readonly privateKey?: KeyObject;
}

export interface SigningKey extends CertificateKey {
  readonly privateKey: KeyObject;
}

/** The first key that can sign. */
export const signingKey = (keys: readonly CertificateKey[]): SigningKey | undefined =>
  keys.find((key): key is SigningKey => key.privateKey !== undefined);

const DER = { format: 'der' } as const;

/**
 * A key of `WAYBILL_CERTIFICATE_KEYS`: a private one as PKCS #8, or a public one as SPKI, both DER in base64.
 * Undefined for anything else.
 */
export function parseCertificateKey(text: string): CertificateKey | undefined {
  if (!/^[A-Za-z0-9+/]{40,128}={0,2}$/.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  try {
    const privateKey = createPrivateKey({ key, ...DER, type: 'pkcs8' });
    return keyOf(createPublicKey(privateKey), privateKey);
  } catch {
    // A public one, maybe.
  }
  try {
    return keyOf(createPublicKey({ key, ...DER, type: 'spki' }));
  } catch {
    return undefined;
  }
}

/** A public key as PEM; undefined for any other text. */
export function parsePublicPem(text: string): CertificateKey | undefined {
  const pem = text.trim();
  if (!pem.startsWith('-----BEGIN PUBLIC KEY-----')) return undefined;
  try {
    return keyOf(createPublicKey(pem));
  } catch {
    return undefined;
  }
}

function keyOf(publicKey: KeyObject, privateKey?: KeyObject): CertificateKey | undefined {
  if (publicKey.asymmetricKeyType !== 'ed25519') return undefined;
  const bytes = publicKey.export({ ...DER, type: 'spki' });
  const keyId = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return { keyId, publicKey, ...(privateKey && { privateKey }) };
}

export const toPem = ({ publicKey }: CertificateKey): string =>
  String(publicKey.export({ format: 'pem', type: 'spki' }));

const MARK = '  "signature": ';

/** @param statement what is certified; it has no member `signature` */
export function signCertificate(
  statement: Readonly<Record<string, unknown>>,
  { keyId, privateKey }: SigningKey,
): string {
  const signed = `${JSON.stringify(statement, null, 2).slice(0, -2)},\n`;
  const value = sign(null, Buffer.from(signed), privateKey).toString('base64');
  return `${signed}${MARK}${JSON.stringify({ algorithm: 'Ed25519', keyId, value })}\n}\n`;
}

type CheckedCertificate =
  /** Its statement is what the key's owner signed. */
  | { readonly result: 'signed'; readonly keyId: string; readonly statement: unknown }
  /** None of the keys has this id. */
  | { readonly result: 'unknown-key'; readonly keyId: string }
  /** Something was changed after it was signed. */
  | { readonly result: 'changed'; readonly keyId: string }
  | { readonly result: 'not-a-certificate' };

const SIGNATURE =
  /^\{"algorithm":"Ed25519","keyId":"([0-9a-f]{16})","value":"([A-Za-z0-9+/]{86}==)"\}\n\}\n$/;

/** Nothing is read from it but what is signed: JSON would let a later member replace an earlier one. */
export function checkCertificate(
  text: string,
  keys: readonly CertificateKey[],
): CheckedCertificate {
  const at = text.lastIndexOf(`\n${MARK}`) + 1;
  const [, keyId, value = ''] = SIGNATURE.exec(text.slice(at + MARK.length)) ?? [];
  if (at === 0 || keyId === undefined) return { result: 'not-a-certificate' };
  const signed = text.slice(0, at);
  const key = keys.find((each) => each.keyId === keyId);
  if (!key) return { result: 'unknown-key', keyId };
  const signature = Buffer.from(value, 'base64');
  // There is one way to write it.
  const isPlain = signature.toString('base64') === value;
  const isGood = isPlain && verify(null, Buffer.from(signed), key.publicKey, signature);
  if (!isGood) return { result: 'changed', keyId };
  try {
    return { result: 'signed', keyId, statement: JSON.parse(signed.replace(/,\n$/, '\n}')) };
  } catch {
    return { result: 'changed', keyId };
  }
}
