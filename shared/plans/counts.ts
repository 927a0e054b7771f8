/**
 * Counts what a plan must know of a list, object by object, in memory that does not grow. The counts are
 * plain JSON, so that a list that is written in parts keeps them beside its checkpoint and goes on.
 */
import * as v from 'valibot';
import { isAppPackage } from '../manifest/sources/app-packages.ts';
import type { SourceObject } from '../manifest/sources/object.ts';
import { TARGET_KEY_BYTES, type TargetAddress } from '../manifest/target-address.ts';
import { hasLeadingSlash, pathFault } from '../manifest/target-key.ts';

const GIB = 1_073_741_824;

/** Largest object that Batch copies. https://cloud.tencent.com/document/product/436/32960 */
export const BATCH_MAX_BYTES = 5 * GIB;

/** Whether a CSV of COS Batch can say a key: how quotes are read is not documented. */
export const isForBatch = (key: string): boolean => !/[,"\r\n]|^\s|\s$/.test(key);

/** Above it OMS wants a white-list entry. https://support.huaweicloud.com/productdesc-oms/oms_01_0038.html */
export const OMS_MAX_BYTES = 500 * GIB;

/** Upper bounds of the histogram, inclusive; the last class has none. */
const BOUNDS = [
  0,
  65_536,
  1_048_576,
  16_777_216,
  134_217_728,
  GIB,
  BATCH_MAX_BYTES,
  OMS_MAX_BYTES,
  null,
] as const;

const size = v.pipe(v.number(), v.integer(), v.minValue(0));

export const planCountsShape = v.strictObject({
  objects: size,
  /** Of objects whose size is known. */
  bytes: size,
  withoutSize: size,
  /** By size, up to `upTo` bytes; null in the last class. */
  sizes: v.array(v.strictObject({ upTo: v.nullable(size), objects: size, bytes: size })),
  /** Longer than the target allows. */
  keysTooLong: size,
  /** With `.` or `..` between slashes, or nothing but slashes. */
  keysThatResolve: size,
  keysWithLeadingSlash: size,
  /** With a comma, a quote, or a blank at an end, which no CSV of COS Batch can say. */
  keysNotForBatch: size,
  /** `.apk` and `.ipa`, which newer buckets of OSS and COS give out through a domain of one's own alone. */
  appPackages: size,
  /** Whose URL is `https:`. */
  httpsOnly: size,
});

export type PlanCounts = v.InferOutput<typeof planCountsShape>;

interface PlanCounter {
  /** @param key at the target */
  add(key: string, object: SourceObject): void;
  counts(): PlanCounts;
}

type Flags = Exclude<keyof PlanCounts, 'sizes' | 'objects' | 'bytes' | 'withoutSize'>;

/** @param before counts of the parts before, to go on from */
export function createPlanCounts(
  target: Pick<TargetAddress, 'kind'>,
  before: PlanCounts = NONE,
): PlanCounter {
  const { sizes, ...sums } = structuredClone(before);
  const limit = TARGET_KEY_BYTES[target.kind];
  const is: readonly (readonly [Flags, (key: string, object: SourceObject) => boolean])[] = [
    ['keysTooLong', (key) => key.length * 3 > limit && Buffer.byteLength(key) > limit],
    ['keysThatResolve', (key) => pathFault(key) !== undefined],
    ['keysWithLeadingSlash', hasLeadingSlash],
    ['keysNotForBatch', (_, { key }) => !isForBatch(key)],
    ['appPackages', (_, { key }) => isAppPackage(key)],
    ['httpsOnly', (_, { url = '' }) => /^https:/i.test(url)],
  ];
  return {
    add(key, object) {
      sums.objects += 1;
      for (const [flag, holds] of is) if (holds(key, object)) sums[flag] += 1;
      if (object.sizeBytes === undefined) {
        sums.withoutSize += 1;
        return;
      }
      const bytes = Number(object.sizeBytes);
      sums.bytes += bytes;
      const found = sizes.find(({ upTo }) => upTo === null || bytes <= upTo);
      if (!found) return;
      found.objects += 1;
      found.bytes += bytes;
    },
    counts: () => structuredClone({ ...sums, sizes }),
  };
}

const NONE: PlanCounts = {
  objects: 0,
  bytes: 0,
  withoutSize: 0,
  sizes: BOUNDS.map((upTo) => ({ upTo, objects: 0, bytes: 0 })),
  keysTooLong: 0,
  keysThatResolve: 0,
  keysWithLeadingSlash: 0,
  keysNotForBatch: 0,
  appPackages: 0,
  httpsOnly: 0,
};

/** Objects larger than a bound of the histogram. */
export const countAbove = ({ sizes }: PlanCounts, bytes: number): number =>
  sizes
    .filter(({ upTo }) => upTo === null || upTo > bytes)
    .reduce((sum, { objects }) => sum + objects, 0);
