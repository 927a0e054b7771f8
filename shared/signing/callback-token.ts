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

export interface CheckedClaim extends CallbackClaim {
  /** When the token expires, in Unix seconds. */
  readonly expiry: number;
}

export interface CallbackTokens {
  /** @param expiresAt whole seconds count */
  make(claim: CallbackClaim, expiresAt: Date): string;
  /** @throws CallbackError (CALLBACK_UNKNOWN) for anything but a token of ours that is still valid */
  verify(token: string, now: Date): CheckedClaim;
}

/** Of a token, in characters: key id 16, transfer 85, attempt 7, outcome 1, expiry 9, MAC 32, and five full stops. */
const LONGEST = 155;

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
  // The expected MAC, and the given one, whose characters may take three bytes each.
  const both = Buffer.alloc(4 * MAC_DIGITS);
  const [expected, given] = [
    both.subarray(0, MAC_DIGITS),
    both.subarray(MAC_DIGITS, 2 * MAC_DIGITS),
  ];
  return {
    make({ transferId, attempt, outcome }, expiresAt) {
      const mac = first && macs.get(first.kid);
      if (!mac) throw new TypeError('no callback key');
      const expiry = Math.floor(expiresAt.getTime() / 1_000).toString(36);
      const text = `${first.kid}.${transferId}.${attempt}.${outcome === 'succeeded' ? 's' : 'f'}.${expiry}`;
      return `${text}.${mac(text)}`;
    },
    verify(token, now) {
      const end = token.length - MAC_DIGITS - 1;
      if (token.length > LONGEST || token[end] !== '.') throw new CallbackError();
      const kidEnd = token.indexOf('.');
      const mac = macs.get(token.slice(0, kidEnd));
      const text = token.slice(0, end);
      const written = both.write((mac ?? nobody)(text) + token.slice(end + 1));
      const same = written === 2 * MAC_DIGITS && timingSafeEqual(expected, given);
      if (!same || !mac) throw new CallbackError();
      // From here on it is known to be a text of `make`.
      const outcomeAt = text.lastIndexOf('.') - 1;
      const attemptAt = text.lastIndexOf('.', outcomeAt - 2) + 1;
      const expiry = Number.parseInt(text.slice(outcomeAt + 2), 36);
      if (expiry * 1_000 < now.getTime()) throw new CallbackError();
      return {
        transferId: text.slice(kidEnd + 1, attemptAt - 1),
        attempt: Number(text.slice(attemptAt, outcomeAt - 1)),
        outcome: text[outcomeAt] === 's' ? 'succeeded' : 'failed',
        expiry,
      };
    },
  };
}

function prepareMac(secret: string): (text: string) => string {
  const hmac = prepareHmac('sha256', secret);
  return (text) => hmac(text).slice(0, MAC_DIGITS);
}
