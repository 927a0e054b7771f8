/** Plans of a manifest and of a migration, as `waybill plan --json` prints them. */
import * as v from 'valibot';
import { migrationPlanShape } from '../../shared/plans/plan.ts';
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

/** Why not, where something can't be read. */
const fault = { code: v.nullable(v.string()), message: v.nullable(v.string()) };

const faultShape = v.object(fault);

/** Without code nothing is wrong. */
export type Fault = v.InferOutput<typeof faultShape>;

const probeShape = v.object({
  /** Some objects, read by the address that a provider would be given; without code they can be read. */
  objects: v.array(v.object({ url: v.string(), ...fault })),
  /** Keys of the list that are there already. */
  target: v.object({ keys: v.nullable(size), ...fault }),
  /** Whether OMS moves the bucket; null where it reads none with keys. */
  oms: v.nullable(faultShape),
});
export type Probe = v.InferOutput<typeof probeShape>;

export const planWithProbeShape = v.object({
  ...migrationPlanShape.entries,
  /** With --probe alone. */
  probe: v.nullable(probeShape),
});
export type PlanWithProbe = v.InferOutput<typeof planWithProbeShape>;
