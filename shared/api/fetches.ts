/**
 * Turns the objects of a `POST /fetches` request into a manifest of Waybill's own, which is planned
 * like any other.
 */
import type * as v from 'valibot';
import type { SameKey } from '../ledger/shard.ts';
import { InputError, type InputFault } from '../lib/errors.ts';
import { findFault } from '../manifest/lint.ts';
import { OWN_PREFIX } from '../stores/layout.ts';
import { MAX_FAULTS } from './request-limits.ts';
import type { fetchesBody } from './requests.ts';

type Fetches = v.InferOutput<typeof fetchesBody>;

/** Where the manifest of such a run lies. */
export const fetchesKey = ({ region, bucket }: Pick<Fetches, 'region' | 'bucket'>, runId: string) =>
  `${OWN_PREFIX}${region}/${bucket}/${runId}.jsonl`;

export const sameKeyOf = ({ onKeyExist, ignoreSameKey }: Fetches): SameKey => ({
  ...(onKeyExist !== undefined && { onKeyExist }),
  ...(ignoreSameKey !== undefined && { ignoreSameKey }),
});

/**
 * The manifest's text. Every object is linted first: in a request the sender can still correct it.
 * @throws InputError (BODY_INVALID) that names each object and field
 */
export function fetchesText({ objects }: Fetches, allowHttps: boolean): string {
  const faults: InputFault[] = [];
  let text = '';
  for (const [index, { url, key, md5 }] of objects.entries()) {
    const found = findFault({ url, key, md5: md5 ?? '' }, { allowHttps });
    if (found) {
      const field = /^(URL|KEY|MD5)_/.exec(found.reason)?.[1]?.toLowerCase();
      const path = `objects[${index}]${field === undefined ? '' : `.${field}`}`;
      const fix = found.fix === undefined ? '' : `; for example ${found.fix}`;
      faults.push({ path, message: `${found.message}${fix}` });
    }
    text += `${JSON.stringify({ url, key, ...(md5 !== undefined && { md5 }) })}\n`;
  }
  if (faults.length === 0) return text;
  const message = `${faults.length} of ${objects.length} objects can't be fetched; nothing was started.`;
  throw new InputError('BODY_INVALID', message, faults.slice(0, MAX_FAULTS));
}
