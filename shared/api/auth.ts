/** Checks `Authorization: Bearer` against the configured tokens, in constant time. */
import { constantTimeEqual, sha256Hex } from '../lib/encoding.ts';
import { InputError } from '../lib/errors.ts';
import type { HttpRequest } from '../runtime/http.ts';

/** @throws InputError (UNAUTHORIZED, TOKEN_UNKNOWN) unless the request carries one of the tokens */
export type Authorize = (request: Pick<HttpRequest, 'headers'>) => void;

/** @param tokens plain, or SHA-256 as hex after `sha256:` */
export function createBearer(tokens: readonly string[]): Authorize {
  const digests = tokens.map((token) =>
    token.startsWith('sha256:') ? token.slice(7).toLowerCase() : sha256Hex(token),
  );
  return ({ headers }) => {
    const given = /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
    const digest = sha256Hex(given ?? '');
    // Every token is compared, so that the time tells nothing about which one came close.
    const matches = digests.filter((known) => constantTimeEqual(known, digest));
    if (given === undefined) {
      throw refusal('UNAUTHORIZED', 'This route needs a token.', 'expected Bearer <token>');
    }
    if (matches.length === 0) {
      const expected = 'expected one of the tokens in WAYBILL_API_TOKENS';
      throw refusal('TOKEN_UNKNOWN', 'The token is unknown.', expected);
    }
  };
}

const refusal = (code: 'UNAUTHORIZED' | 'TOKEN_UNKNOWN', text: string, message: string) =>
  new InputError(code, text, [{ path: 'authorization', message }]);
