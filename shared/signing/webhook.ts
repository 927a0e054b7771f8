/**
 * Signs webhook messages as Standard Webhooks, symmetric scheme `v1`: HMAC-SHA256 over
 * `id.timestamp.body`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from 'node:crypto';
import type { Signer } from '../lib/api-request.ts';
import { requireUnicode } from '../lib/encoding.ts';
import { InputError } from '../lib/errors.ts';

/** A full stop would let the signed text be cut at another place. */
export const MESSAGE_ID = /^msg_[A-Za-z0-9_-]{1,60}$/;

/** Of a secret, in bytes, as the specification bounds them. */
const SECRET_BYTES = { min: 24, max: 64 } as const;

/** The key of `whsec_<base64>`, padded; undefined when it is none of 24 to 64 bytes. */
export function parseWebhookSecret(secret: string): Buffer | undefined {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  if (base64 === undefined) return undefined;
  const key = Buffer.from(base64, 'base64');
  // Receivers decode strictly, so it must be the one way to write these bytes.
  if (key.toString('base64') !== base64) return undefined;
  return key.length >= SECRET_BYTES.min && key.length <= SECRET_BYTES.max ? key : undefined;
}

/**
 * Adds `webhook-timestamp` and `webhook-signature` to a request that carries its `webhook-id`.
 * @param secrets `whsec_<base64>`; each one signs, so that receivers can change from one to another
 * @throws InputError (SIGNING_INPUT), when made or when it signs, without any secret in it
 */
export function createWebhookSigner(secrets: readonly string[]): Signer {
  const keys = secrets.map((secret, index) => {
    const key = parseWebhookSecret(secret);
    if (!key) throw signingFault(`secrets[${index}]`, 'expected whsec_<base64 of 24 to 64 bytes>');
    return key;
  });
  if (keys.length === 0) throw signingFault('secrets', 'expected at least one');
  return (request, at) => {
    const id = request.headers['webhook-id'] ?? '';
    if (!MESSAGE_ID.test(id)) throw signingFault('webhook-id', `expected ${MESSAGE_ID.source}`);
    requireUnicode(request.body, 'body');
    const timestamp = String(Math.floor(at.getTime() / 1_000));
    const signatures = keys.map((key) => webhookSignature(key, id, timestamp, request.body));
    const headers = {
      ...request.headers,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatures.join(' '),
    };
    return { ...request, headers };
  };
}

/** @param timestamp Unix seconds */
function webhookSignature(key: Buffer, id: string, timestamp: string, body: string): string {
  const signed = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`);
  return `v1,${signed.digest('base64')}`;
}

const signingFault = (path: string, message: string): InputError =>
  new InputError('SIGNING_INPUT', 'A notification can not be signed.', [{ path, message }]);
