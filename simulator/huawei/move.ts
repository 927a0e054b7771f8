/**
 * What becomes of the objects of a created task: each arrives, is skipped because the target has it
 * already, or fails. Without `object` they all arrive and leave no bytes.
 */
import { crc64 } from '../crc64.ts';
import type { FailedObject } from './failed-list.ts';
import { type Listed, linesOf, parseLine } from './list-file.ts';
import type { Stored } from './obs-write.ts';
import type { OmsTask, Outcome } from './task.ts';

export interface SourceObject {
  readonly bucket: string;
  readonly key: string;
  /** Of a URL list, in place of the bucket. */
  readonly url?: string;
}

/** Its bytes; the code of why it fails; undefined for an object that arrives without bytes. */
export type ReadSource = (
  source: SourceObject,
) => Promise<Uint8Array | string | undefined> | Uint8Array | string | undefined;

export interface Target {
  stored(bucket: string, key: string): Stored | undefined;
  put(bucket: string, key: string, body: Uint8Array): void;
}

/** Clouds that tell a CRC-64; others are compared by size and time. */
const WITH_CRC64 = new Set(['HuaweiCloud', 'Aliyun', 'Tencent']);

/**
 * Ends failed where any object does; counts what was skipped.
 * @param only keys that a resend is about; all others are done
 */
export async function moveObjects(
  task: OmsTask,
  bodies: readonly Buffer[],
  read: ReadSource | undefined,
  target: Target,
  only: ReadonlySet<string> | undefined,
): Promise<Outcome> {
  const failed: FailedObject[] = [];
  let skipped = 0;
  const isUrl = task.taskType === 'url_list';
  const one = async (line: string): Promise<void> => {
    const listed = parseLine(line, isUrl);
    const fail = (code: string, key: string) => failed.push({ key, code, message: 'simulated' });
    if (!listed) return void fail(isUrl ? 'URL_LIST_FORMAT_ERROR' : 'OBJECT_NAME_INVALID', line);
    const key = `${task.savePrefix}${listed.key}`;
    if (only && !only.has(key)) return;
    const got = read && (await read(sourceOf(task, listed)));
    if (typeof got === 'string') return void fail(got, key);
    if (got === undefined) return;
    if (isSame(task, got, target.stored(task.dstBucket, key))) skipped += 1;
    else target.put(task.dstBucket, key, got);
  };
  for (const body of bodies) {
    for (const line of linesOf(body)) {
      // Millions of them without a source take no turn of the loop each.
      if (read || !parseLine(line, isUrl)) await one(line);
    }
  }
  task.skippedNum = skipped;
  return failed.length === 0 ? { status: 5 } : { status: 4, failedObjects: failed };
}

const sourceOf = ({ srcBucket: bucket }: OmsTask, { key, url }: Listed): SourceObject =>
  url === undefined ? { bucket, key } : { bucket: '', key, url };

/** The rule of each mode; equal size, and not older, is "the same" by default. */
function isSame(
  { cloudType, overwrite }: OmsTask,
  body: Uint8Array,
  found: Stored | undefined,
): boolean {
  if (!found || overwrite === 'FULL_OVERWRITE') return false;
  if (overwrite === 'NO_OVERWRITE') return true;
  const hasCrc = WITH_CRC64.has(cloudType) && found.crc64 !== undefined;
  if (overwrite === 'CRC64_COMPARISON_OVERWRITE' && hasCrc) return crc64(body) === found.crc64;
  // What is there was written after its source.
  return found.body.length === body.length;
}
