/**
 * Tokens in callback URLs (promise G5): an HMAC-SHA256 over key id, transfer, attempt, outcome and
 * expiry, checked before any I/O. A token for success can't be turned into one for failure.
 * Shape: `<kid>.<transferId>.<attempt>.<s|f>.<expiry>.<mac>`, one URL path segment.
 */
import { timingSafeEqual } from 'node:crypto';
import { prepareHmac } from '../lib/encoding.ts';
import { CallbackError } from '../lib/errors.ts';

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
  /^([A-Za-z0-9]{1,16})\.([A-Za-z0-9_-]{1,64}\.\d{1,9}\.\d{1,10})\.([1-9]\d{0,6})\.([sf])\.([0-9a-z]{1,9})\.[0-9a-f]{32}$/;

/** 16 of the 32 bytes: more than anybody can try, and short enough for a URL. */
const MAC_DIGITS = 32;

/** @param keys the first signs, all verify */
export function createCallbackTokens(
  keys: readonly { readonly kid: string; readonly secret: string }[],
): CallbackTokens {
  const macs = new Map(keys.map(({ kid, secret }) => [kid, prepareMac(secret)]));
  // An unknown key id takes as long as a known one.
  const nobody = prepareMac('');
  const [first] = keys;
  const [expected, given] = [Buffer.alloc(MAC_DIGITS), Buffer.alloc(MAC_DIGITS)];
  return {
    make({ transferId, attempt, outcome }, expiresAt) {
      const mac = first && macs.get(first.kid);
      if (!mac) throw new TypeError('no callback key');
      const expiry = Math.floor(expiresAt.getTime() / 1_000).toString(36);
      const text = `${first.kid}.${transferId}.${attempt}.${outcome === 'succeeded' ? 's' : 'f'}.${expiry}`;
      return `${text}.${mac(text)}`;
    },
    verify(token, now) {
      const parts = SHAPE.exec(token);
      if (!parts) throw new CallbackError();
      const [, kid = '', transferId = '', attempt, outcome, expiry = ''] = parts;
      const text = token.slice(0, -MAC_DIGITS - 1);
      expected.write((macs.get(kid) ?? nobody)(text), 'latin1');
      given.write(token.slice(-MAC_DIGITS), 'latin1');
      const same = timingSafeEqual(expected, given);
      const expired = Number.parseInt(expiry, 36) * 1_000 < now.getTime();
      if (!same || !macs.has(kid) || expired) throw new CallbackError();
      return {
        transferId,
        attempt: Number(attempt),
        outcome: outcome === 's' ? 'succeeded' : 'failed',
      };
    },
  };
}

function prepareMac(secret: string): (text: string) => string {
  const hmac = prepareHmac('sha256', secret);
  return (text) => hmac(text).slice(0, MAC_DIGITS);
}
