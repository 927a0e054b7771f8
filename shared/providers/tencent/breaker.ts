/** The credential breaker of calls to Tencent, whatever they ask for. */
import type { Credentials } from '../../lib/api-request.ts';
import {
  createCredentialBreaker,
  createRefusals,
  type Refusals,
} from '../../limits/credential-breaker.ts';
import type { CredentialBreaker } from '../../limits/ports.ts';

/** A bucket's policy may be what refuses; HEAD has no code. */
const UNCLEAR: ReadonlySet<string> = new Set(['AccessDenied', 'HTTP_403']);

export const createTencentRefusals = (): Refusals =>
  createRefusals({ verdictOf: (code) => (UNCLEAR.has(code) ? 'unclear' : 'key') });

/** What refusals of this key are shared by. */
export const tencentIdentity = ({ secretId }: Credentials): string => `tencent ${secretId}`;

/**
 * COS locks no key, so a proven one makes as many calls at once as the limiter allows.
 * @param restMs how long refusals that may be one bucket's keep all calls of this breaker back
 */
export const createTencentBreaker = (
  limiter: Parameters<typeof createCredentialBreaker>[0],
  refusals: Refusals = createTencentRefusals(),
  restMs = 0,
): CredentialBreaker =>
  createCredentialBreaker(limiter, refusals, { atOnce: Number.POSITIVE_INFINITY, restMs });
