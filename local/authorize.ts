/**
 * Checks the token of a request before its body is read: what a stranger sends costs no memory. The
 * functions check it again, and count it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { type Authorize, createBearer } from '../shared/api/auth.ts';
import type { OpenedEnv } from '../shared/runtime/expose.ts';
import { runsConfig } from '../shared/wiring/config/functions.ts';

/** @throws InputError (UNAUTHORIZED, TOKEN_UNKNOWN) */
export type CheckToken = (headers: Pick<IncomingHttpHeaders, 'authorization'>) => Promise<void>;

/** @param open the environment with its secrets, which may change: tokens are those of now */
export function createTokenCheck(open: () => Promise<OpenedEnv>): CheckToken {
  let opened: Promise<OpenedEnv> | undefined;
  let built: { readonly authorize: Authorize; readonly version: number } | undefined;
  return async ({ authorization = '' }) => {
    opened ??= open();
    const secrets = await opened.catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    await secrets.refresh();
    const version = secrets.version();
    if (built?.version !== version) {
      built = { authorize: createBearer(runsConfig(secrets.env).apiTokens), version };
    }
    built.authorize({ headers: { authorization } });
  };
}
