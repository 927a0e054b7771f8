/** How Huawei treats keys, and what calls with them share: one breaker per key, or user of IAM. */
import type { KeyPolicy, KeyVerdict } from '../../limits/breaker.ts';
import type { CredentialBreaker } from '../../limits/ports.ts';
import { omsNumber } from './errors.ts';

/** @param identity an access key, or `user <name>` */
export type OpenBreaker = (region: string, identity: string) => CredentialBreaker;

/** The call's own authentication failed; other refusals of OMS come from behind the check of its key. */
const OF_KEY: ReadonlySet<string> = new Set(['0068', '1005']);

function verdictOf(code: string): KeyVerdict {
  const number = omsNumber(code);
  if (number !== undefined) return OF_KEY.has(number) ? 'key' : 'behind';
  // OBS says so where a bucket's policy refuses.
  return code === 'AccessDenied' ? 'unclear' : 'key';
}

/** Five bad checks within five minutes lock a key, whichever worker made them. */
export const HUAWEI_KEYS: KeyPolicy = { verdictOf, atOnce: 4, isLocked: true };

export const huaweiIdentity = (identity: string): string => `huawei ${identity}`;
