/**
 * Checks the token of a request before its body is read: what a stranger sends costs no memory. The
 * functions check it again, and count it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { createBearer } from '../shared/api/auth.ts';
import { type OpenedEnv, renewed } from '../shared/runtime/expose.ts';
import type { Caller } from '../shared/runtime/http.ts';
import { runsConfig } from '../shared/wiring/config/functions.ts';

/** @throws InputError (UNAUTHORIZED, TOKEN_UNKNOWN, TOKEN_READ_ONLY) */
export type CheckToken = (
  headers: Pick<IncomingHttpHeaders, 'authorization'>,
  routeKey: string,
) => Promise<Caller>;

/** @param open the environment with its secrets, which may change: tokens are those of now */
export function createTokenCheck(open: () => Promise<OpenedEnv>): CheckToken {
  const authorize = renewed(open, async (env) => createBearer(runsConfig(env).apiTokens));
  return async ({ authorization = '' }, routeKey) =>
    (await authorize())({ headers: { authorization }, routeKey });
}
