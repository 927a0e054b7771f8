/**
 * Tokens in callback URLs (promise G5): an HMAC-SHA256 over key id, transfer, attempt, outcome and
 * expiry, checked before any I/O. A token for success can't be turned into one for failure.
 * Shape: `<kid>.<transferId>.<attempt>.<s|f>.<expiry>.<mac>`, one URL path segment.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { CallbackError } from '../errors.ts';

export interface CallbackClaim {
  readonly transferId: string;
  readonly attempt: number;
  readonly outcome: 'succeeded' | 'failed';
}

export interface CallbackTokens {
  /** @param expiresAt whole seconds count */
  make(claim: CallbackClaim, expiresAt: Date): string;
  /** @throws CallbackError (CALLBACK_UNKNOWN) for anything but a token of ours that is still valid */
  verify(token: string, now: Date): CallbackClaim;
}

const SHAPE =
  /^([A-Za-z0-9]{1,16})\.([A-Za-z0-9_-]{1,64}\.\d{1,9}\.\d{1,10})\.([1-9]\d{0,6})\.([sf])\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{22})$/;

const mac = (secret: string, text: string): Buffer =>
  createHmac('sha256', secret).update(text).digest().subarray(0, 16);

/** @param keys the first signs, all verify */
export function createCallbackTokens(
  keys: readonly { readonly kid: string; readonly secret: string }[],
): CallbackTokens {
  const secrets = new Map(keys.map(({ kid, secret }) => [kid, secret]));
  const [first] = keys;
  return {
    make({ transferId, attempt, outcome }, expiresAt) {
      if (!first) throw new TypeError('no callback key');
      const expiry = Math.floor(expiresAt.getTime() / 1_000).toString(36);
      const text = `${first.kid}.${transferId}.${attempt}.${outcome === 'succeeded' ? 's' : 'f'}.${expiry}`;
      return `${text}.${mac(first.secret, text).toString('base64url')}`;
    },
    verify(token, now) {
      const parts = SHAPE.exec(token);
      if (!parts) throw new CallbackError();
      const [, kid = '', transferId = '', attempt, outcome, expiry = '', given = ''] = parts;
      const text = token.slice(0, -given.length - 1);
      const expected = mac(secrets.get(kid) ?? '', text);
      const same = timingSafeEqual(expected, Buffer.from(given, 'base64url'));
      const expired = Number.parseInt(expiry, 36) * 1_000 < now.getTime();
      if (!same || !secrets.has(kid) || expired) throw new CallbackError();
      return {
        transferId,
        attempt: Number(attempt),
        outcome: outcome === 's' ? 'succeeded' : 'failed',
      };
    },
  };
}
