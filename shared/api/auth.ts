/**
 * Checks `Authorization: Bearer` against the configured tokens, in constant time, and what the role of
 * the token allows.
 */
import { constantTimeEqual, sha256Hex } from '../lib/encoding.ts';
import { InputError } from '../lib/errors.ts';
import type { Caller, HttpRequest } from '../runtime/http.ts';

/**
 * @throws InputError (UNAUTHORIZED, TOKEN_UNKNOWN) unless the request carries one of the tokens,
 *   (TOKEN_READ_ONLY) when that one may only read
 */
export type Authorize = (request: Pick<HttpRequest, 'headers' | 'routeKey'>) => Caller;

export const isWrite = (routeKey: string): boolean => !/^(?:GET|HEAD) /.test(routeKey);

/** What may stand before a secret. Anything else is a plain token, which operates. */
export const NAMED = '([^:,\\s]{1,64}):(read|operate):';

const TOKEN = new RegExp(`^${NAMED}(.+)$`);

/** A token as it is configured: `<name>:<role>:<secret>`, or the secret alone. */
export function parseToken(text: string): Caller & { readonly secret: string } {
  const [, token, role, secret] = TOKEN.exec(text) ?? [];
  if (token === undefined || secret === undefined) return { role: 'operate', secret: text };
  return { token, role: role === 'read' ? 'read' : 'operate', secret };
}

/** @param tokens as configured; secrets plain, or SHA-256 as hex after `sha256:` */
export function createBearer(tokens: readonly string[]): Authorize {
  const known = tokens.map((text) => {
    const { secret, ...caller } = parseToken(text);
    const digest = secret.startsWith('sha256:') ? secret.slice(7).toLowerCase() : sha256Hex(secret);
    return { caller, digest };
  });
  return ({ headers, routeKey }) => {
    const given = /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
    const digest = sha256Hex(given ?? '');
    // Every token is compared, so that the time tells nothing about which one came close.
    const [found] = known.filter((each) => constantTimeEqual(each.digest, digest));
    if (given === undefined) {
      throw refusal('UNAUTHORIZED', 'This route needs a token.', 'expected Bearer <token>');
    }
    if (!found) {
      const expected = 'expected one of the tokens in WAYBILL_API_TOKENS';
      throw refusal('TOKEN_UNKNOWN', 'The token is unknown.', expected);
    }
    const { caller } = found;
    if (caller.role === 'read' && isWrite(routeKey)) {
      const expected = 'expected a token with the role operate';
      throw refusal('TOKEN_READ_ONLY', `The token ${caller.token} may only read.`, expected);
    }
    return caller;
  };
}

const refusal = (
  code: 'UNAUTHORIZED' | 'TOKEN_UNKNOWN' | 'TOKEN_READ_ONLY',
  text: string,
  message: string,
) => new InputError(code, text, [{ path: 'authorization', message }]);
