/**
 * Checks the token of a request before its body is read: what a stranger sends costs no memory. The
 * functions check it again, and count it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { createBearer } from '../shared/api/auth.ts';
import { type OpenedEnv, renewed } from '../shared/runtime/expose.ts';
import { runsConfig } from '../shared/wiring/config/functions.ts';

/** @throws InputError (UNAUTHORIZED, TOKEN_UNKNOWN) */
export type CheckToken = (headers: Pick<IncomingHttpHeaders, 'authorization'>) => Promise<void>;

/** @param open the environment with its secrets, which may change: tokens are those of now */
export function createTokenCheck(open: () => Promise<OpenedEnv>): CheckToken {
  const authorize = renewed(open, async (env) => createBearer(runsConfig(env).apiTokens));
  return async ({ authorization = '' }) => (await authorize())({ headers: { authorization } });
}
