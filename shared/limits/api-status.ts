/**
 * The status of each provider API as workers last saw it, kept as one small note in the ledger. It
 * is written rarely and shown to people; no decision depends on it.
 */
import * as v from 'valibot';
import type { Ledger } from '../ledger/ledger.ts';

const trouble = v.strictObject({
  at: v.pipe(v.string(), v.isoTimestamp()),
  code: v.string(),
  message: v.string(),
  requestId: v.exactOptional(v.string()),
});

export type Trouble = v.InferOutput<typeof trouble>;

export const providerHealthShape = v.strictObject({
  /** Such as `cos-fetch` or `oms cn-north-4`. */
  api: v.string(),
  provider: v.picklist(['tencent', 'huawei']),
  /** `throttled` within the last minute, `refused` until a request was taken again. */
  state: v.picklist(['ok', 'throttled', 'refused']),
  since: v.pipe(v.string(), v.isoTimestamp()),
  /** When a request was last taken; noted once in five seconds. */
  okAt: v.exactOptional(v.pipe(v.string(), v.isoTimestamp())),
  throttled: v.exactOptional(trouble),
  refused: v.exactOptional(trouble),
});

export type ApiStatus = v.InferOutput<typeof providerHealthShape>;

export const STATUS_NOTE = 'health';

const healthNote = v.array(providerHealthShape);

/** What was noted; nothing when it can't be understood. */
export function parseStatus(text: string | undefined): readonly ApiStatus[] {
  if (text === undefined) return [];
  try {
    return v.parse(healthNote, JSON.parse(text));
  } catch {
    return [];
  }
}

/** @throws StoreError */
export const readStatus = async (ledger: Pick<Ledger, 'readNote'>): Promise<readonly ApiStatus[]> =>
  parseStatus((await ledger.readNote(STATUS_NOTE))?.text);
