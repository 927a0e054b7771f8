/**
 * Parses a task as both API versions return it. Unknown fields never matter; numbers may come as
 * text; lists and reasons may be absent, null or empty (OMS reference, sections 2, 3.2 and A2 to
 * A5).
 */
import type { TransferProgress } from '../../../ledger/model.ts';
import { isRecord, parseRecord, withoutUndefined } from '../../../lib/values.ts';

/** OMS reference, section 3.3; `initialising` is v1's. */
export const TASK_STATUS = {
  initialising: 0,
  waiting: 1,
  running: 2,
  paused: 3,
  failed: 4,
  succeeded: 5,
  retrying: 6,
  pausing: 7,
} as const;

export interface OmsTask {
  /** An integer of up to 15 digits, as text. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** `TASK_STATUS`, or a number not known yet; -1 when there is none. */
  readonly status: number;
  readonly isUrlList: boolean;
  /** `Azure`, `Google`, `Aliyun` …; empty when not told. */
  readonly srcCloudType: string;
  readonly srcBucket: string;
  readonly dstBucket: string;
  /** Empty unless it is part of a group. */
  readonly groupId: string;
  readonly counts: { readonly total?: number; readonly done?: number; readonly failed?: number };
  readonly bytes: { readonly total?: number; readonly done?: number; readonly perSecond?: number };
  /** A `TRF.*` code with its text. */
  readonly errorReason?: { readonly code: string; readonly message: string };
  /** Where the list of failed objects lies in the destination bucket, when there is one. */
  readonly failedList?: string;
  /** Whether a start may be asked for failed objects only. */
  readonly hasFailedRecord: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Undefined when it has no id. */
export function toOmsTask(value: unknown): OmsTask | undefined {
  if (!isRecord(value)) return undefined;
  const id = text(value['id']);
  if (id === '') return undefined;
  const [src, dst] = [record(value['src_node']), record(value['dst_node'])];
  const type = text(value['task_type']).toLowerCase();
  const cloud = text(src['cloud_type']);
  const reason = record(value['error_reason']);
  const failed = failedRecord(value['failed_object_record']);
  const list = text(failed['list_file_key'] ?? failed['listFileKey']);
  const code = text(reason['error_code']);
  return {
    id,
    name: text(value['name']) || text(value['task_name']),
    description: text(value['description']),
    status: number(value['status']) ?? -1,
    isUrlList: type === 'url_list' || cloud.toLowerCase() === 'urlsource',
    srcCloudType: cloud,
    srcBucket: text(src['bucket']),
    dstBucket: text(dst['bucket']),
    groupId: text(value['group_id']),
    counts: withoutUndefined({
      total: number(value['total_num']),
      done: doneOf(value),
      failed: number(value['failed_num'] ?? value['fail_num']),
    }),
    bytes: withoutUndefined({
      total: number(value['total_size']),
      done: number(value['complete_size']),
      perSecond: number(value['migrate_speed']),
    }),
    ...(code !== '' && { errorReason: { code, message: text(reason['error_msg']) } }),
    ...(list !== '' && { failedList: list }),
    hasFailedRecord: hasRecord(failed),
  };
}

export const hasRecord = ({ result }: Fields): boolean => result === true || result === 'true';

/** v1 writes the record as a string that holds JSON. */
export function failedRecord(value: unknown): Fields {
  return typeof value === 'string' ? (parseRecord(value) ?? {}) : record(value);
}

export const record = (value: unknown): Fields => (isRecord(value) ? value : {});

export const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';

/** Objects that are at the target: moved now, or skipped because they were there. */
export function doneOf(value: Fields): number | undefined {
  const moved = number(value['successful_num'] ?? value['success_num']);
  const skipped = number(value['skipped_num'] ?? value['skip_num']);
  return moved === undefined ? undefined : moved + (skipped ?? 0);
}

/** A number, also written as text. */
export function number(value: unknown): number | undefined {
  if (typeof value === 'string' && value.trim() === '') return undefined;
  const parsed = typeof value === 'string' || typeof value === 'number' ? Number(value) : NaN;
  return Number.isFinite(parsed) ? parsed : undefined;
}

export const taskProgress = ({
  status,
  counts,
  bytes,
}: Pick<OmsTask, 'status' | 'counts' | 'bytes'>): TransferProgress => ({
  providerState: String(status),
  ...withoutUndefined({
    objects: counts.done,
    objectsFailed: counts.failed,
    objectsTotal: counts.total,
    bytes: bytes.done,
    bytesTotal: bytes.total,
    bytesPerSecond: bytes.perSecond,
  }),
});
