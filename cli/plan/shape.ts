/** A plan: what a run of a manifest would take, and what `waybill plan --json` prints. */
import * as v from 'valibot';
import { size } from '../io/answers.ts';

const reasons = v.record(v.string(), size);

export const planShape = v.object({
  path: v.string(),
  /** Under which `submit` would upload it today. */
  key: v.string(),
  target: v.object({ region: v.string(), bucket: v.string() }),
  format: v.picklist(['csv', 'jsonl']),
  gzip: v.boolean(),
  /** Of the manifest, unpacked. */
  sizeBytes: size,
  counts: v.object({ lines: size, header: size, blank: size, good: size, quarantined: size }),
  quarantined: reasons,
  warnings: reasons,
  /** Good lines without an MD5. */
  withoutMd5: size,
  /** Null where no sizes are known; `objects` says of how many. */
  objectBytes: v.nullable(v.object({ bytes: size, objects: size })),
  /** To the provider, when every object is taken at once. */
  requests: size,
  ratePerSecond: size,
  /** For submitting; the provider fetches at its own pace. */
  seconds: size,
  cost: v.object({ usd: v.number(), usdPerMillion: v.number(), asOf: v.string() }),
  advice: v.array(v.string()),
});
export type Plan = v.InferOutput<typeof planShape>;
