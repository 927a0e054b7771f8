/** Joins both sorted sides by their keys: each key of either side once, in the order of UTF-8 bytes. */
import { compareKeys } from '../lib/s3/list.ts';
import type { AuditedObject } from './object.ts';
import type { SortedSide } from './sorted-side.ts';

/** One key; absent on a side that lacks it. */
export interface Joined {
  readonly source?: AuditedObject;
  readonly target?: AuditedObject;
}

/** Batches; whenever one is given, both sides stand behind it. */
export async function* joinSides(
  source: SortedSide,
  target: SortedSide,
  batchSize = 5_000,
): AsyncGenerator<readonly Joined[]> {
  let batch: Joined[] = [];
  for (;;) {
    if (source.isStarved) await source.refill();
    if (target.isStarved) await target.refill();
    const [from, to] = [source.peek(), target.peek()];
    if (source.isStarved || target.isStarved) continue;
    if (!from && !to) break;
    const order = !from ? 1 : !to ? -1 : compareKeys(from.key, to.key);
    batch.push({
      ...(from && order <= 0 && { source: from }),
      ...(to && order >= 0 && { target: to }),
    });
    if (order <= 0) source.take();
    if (order >= 0) target.take();
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
