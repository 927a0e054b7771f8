/** Parses a task group as OMS v2 returns it (OMS reference, section 3.3). */
import { isRecord, withoutUndefined } from '../../../lib/values.ts';
import { doneOf, failedRecord, hasRecord, number, record, text } from './task.ts';

export const GROUP_STATUS = {
  waiting: 0,
  creating: 1,
  watching: 2,
  paused: 3,
  creationFailed: 4,
  failed: 5,
  completed: 6,
  pausing: 7,
  waitingForDeletion: 8,
  deleted: 9,
} as const;

export interface OmsGroup {
  readonly id: string;
  readonly description: string;
  /** `GROUP_STATUS`, or a number not known yet; -1 when there is none. */
  readonly status: number;
  readonly srcCloudType: string;
  readonly srcBucket: string;
  readonly dstBucket: string;
  readonly isUrlList: boolean;
  readonly errorReason?: { readonly code: string; readonly message: string };
  readonly totalTasks?: number;
  readonly failedTasks?: number;
  readonly counts: { readonly total?: number; readonly done?: number; readonly failed?: number };
  readonly bytes: { readonly total?: number; readonly done?: number; readonly perSecond?: number };
  /** Whether a retry may be asked for failed objects only. */
  readonly hasFailedRecord: boolean;
}

export function toOmsGroup(value: unknown): OmsGroup | undefined {
  if (!isRecord(value)) return undefined;
  const id = text(value['group_id']) || text(value['id']);
  if (id === '') return undefined;
  const [src, dst] = [record(value['src_node']), record(value['dst_node'])];
  const reason = record(value['error_reason']);
  const code = text(reason['error_code']);
  const [total, failed] = [number(value['total_task_num']), number(value['failed_task_num'])];
  const cloud = text(src['cloud_type']);
  return {
    id,
    description: text(value['description']),
    status: number(value['status']) ?? -1,
    srcCloudType: cloud,
    srcBucket: text(src['bucket']),
    dstBucket: text(dst['bucket']),
    isUrlList:
      text(value['task_type']).toLowerCase() === 'url_list' || cloud.toLowerCase() === 'urlsource',
    ...(code !== '' && { errorReason: { code, message: text(reason['error_msg']) } }),
    counts: withoutUndefined({
      total: number(value['total_num']),
      done: doneOf(value),
      failed: number(value['fail_num']),
    }),
    bytes: withoutUndefined({
      total: number(value['total_size']),
      done: number(value['complete_size']),
      perSecond: number(value['migrate_speed']),
    }),
    ...(total !== undefined && { totalTasks: total }),
    ...(failed !== undefined && { failedTasks: failed }),
    hasFailedRecord: hasRecord(failedRecord(value['failed_object_record'])),
  };
}
