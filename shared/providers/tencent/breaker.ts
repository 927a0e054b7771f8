/** How Tencent treats keys, whatever they are used for. */
import type { Credentials } from '../../lib/api-request.ts';
import type { KeyPolicy } from '../../limits/breaker.ts';

/** A bucket's policy may be what refuses; HEAD has no code. */
const UNCLEAR: ReadonlySet<string> = new Set(['AccessDenied', 'HTTP_403']);

/** COS locks no key, so a proven one makes as many calls at once as the limiter allows. */
export const TENCENT_KEYS: KeyPolicy = {
  verdictOf: (code) => (UNCLEAR.has(code) ? 'unclear' : 'key'),
  atOnce: Number.POSITIVE_INFINITY,
};

/** What refusals of this key are shared by. */
export const tencentIdentity = ({ secretId }: Credentials): string => `tencent ${secretId}`;
