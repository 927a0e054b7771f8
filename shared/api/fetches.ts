/**
 * Turns the objects of a `POST /fetches` request into a manifest of Waybill's own, which is planned
 * like any other.
 */
import type * as v from 'valibot';
import type { SameKey } from '../ledger/shard.ts';
import { withoutUndefined } from '../lib/values.ts';
import { OWN_PREFIX } from '../stores/layout.ts';
import type { fetchesBody } from './requests.ts';

type Fetches = v.InferOutput<ReturnType<typeof fetchesBody>>;

/** Where the manifest of such a run lies. */
export const fetchesKey = ({ region, bucket }: Pick<Fetches, 'region' | 'bucket'>, runId: string) =>
  `${OWN_PREFIX}${region}/${bucket}/${runId}.jsonl`;

export const sameKeyOf = ({ onKeyExist, ignoreSameKey }: SameKey): SameKey =>
  withoutUndefined({ onKeyExist, ignoreSameKey });

/** The manifest's text; the schema has linted every object. */
export const fetchesText = ({ objects }: Fetches): string =>
  objects
    .map(({ url, key, md5, onKeyExist }) => `${JSON.stringify({ url, key, md5, onKeyExist })}\n`)
    .join('');
