/** Tasks and groups as the API shows them; version 1 has a shape of its own. */
import type { OmsGroup } from './groups.ts';
import type { OmsTask } from './task.ts';

const OBJECT_BYTES = 1_048_576;

const REASONS = new Map(
  Object.entries({
    'TRF.0001': 'System error. Restart the task.',
    'TRF.0004': 'Some objects failed to be migrated.',
    'TRF.0057': 'The destination keys are invalid.',
    'TRF.0151': 'The source keys are invalid.',
  }),
);

const reason = (code: string) => ({
  error_code: code,
  error_msg: REASONS.get(code) ?? 'The migration failed.',
});

const succeeded = ({ status, totalNum, failedNum, skippedNum }: OmsTask): number =>
  status === 5 || status === 4 ? totalNum - failedNum - skippedNum : 0;

function progress(task: OmsTask): number {
  if (task.status === 2) return 0.5;
  return task.totalNum === 0 ? 0 : succeeded(task) / task.totalNum;
}

/** What both versions call the same. */
function common(task: OmsTask, now: Date) {
  const { startedAt } = task;
  return {
    id: Number(task.id),
    name: task.name,
    status: task.status,
    progress: progress(task),
    task_type: task.taskType,
    description: task.created['description'] ?? '',
    bandwidth_policy: task.bandwidth,
    migrate_speed: task.status === 2 ? OBJECT_BYTES : 0,
    start_time: startedAt?.getTime() ?? 0,
    left_time: task.status === 2 ? 60_000 : 0,
    total_time: startedAt === undefined ? 0 : now.getTime() - startedAt.getTime(),
    is_query_over: task.status !== 1,
    total_num: task.totalNum,
    total_size: task.totalNum * OBJECT_BYTES,
    complete_size: succeeded(task) * OBJECT_BYTES,
    real_size: succeeded(task) * OBJECT_BYTES,
    dst_node: { bucket: task.dstBucket, region: task.region },
    source_cdn: null,
  };
}

const source = ({ cloudType, srcBucket }: OmsTask | OmsGroup) => ({
  cloud_type: cloudType,
  region: 'source-region',
  bucket: srcBucket,
  app_id: '',
});

/** A node as it was created, without its keys. */
function nodeOf(created: Readonly<Record<string, unknown>>, known: object) {
  const given = (created['src_node'] ?? {}) as Readonly<Record<string, unknown>>;
  const { object_key = [''], list_file = null, region } = given;
  return { ...known, ...(region !== undefined && { region }), object_key, list_file };
}

/** Asked in seconds, shown in milliseconds. */
const sinceOf = ({ migrate_since }: Readonly<Record<string, unknown>>): number =>
  typeof migrate_since === 'number' ? 1_000 * migrate_since : 0;

export function v2Task(task: OmsTask, now: Date) {
  const { listFileKey } = task;
  return {
    ...common(task, now),
    src_node: nodeOf(task.created, source(task)),
    successful_num: succeeded(task),
    failed_num: task.failedNum,
    skipped_num: task.skippedNum,
    error_reason: task.errorCode === undefined ? null : reason(task.errorCode),
    enable_failed_object_recording: task.recording,
    failed_object_record:
      listFileKey === undefined
        ? { result: null, list_file_key: null, error_code: null }
        : { result: true, list_file_key: listFileKey, error_code: null },
    enable_metadata_migration: task.created['enable_metadata_migration'] ?? false,
    enable_restore: task.created['enable_restore'] ?? false,
    enable_requester_pays: task.created['enable_requester_pays'] ?? false,
    migrate_since: sinceOf(task.created),
    group_id: task.groupId ?? '',
    group_type: task.groupId === undefined ? 'NORMAL_TASK' : 'GROUP_TASK',
    smn_info: null,
    success_record_error_reason: null,
    skip_record_error_reason: null,
    object_overwrite_mode: task.overwrite,
    dst_storage_policy: task.created['dst_storage_policy'] ?? 'STANDARD',
    consistency_check: task.created['consistency_check'] ?? 'size_last_modified',
    obs_system: 'BUCKET',
    task_priority: task.created['task_priority'] ?? 'MEDIUM',
  };
}

export function v1Task(task: OmsTask, now: Date) {
  const { listFileKey } = task;
  return {
    ...common(task, now),
    src_node: { ...source(task), object_key: '' },
    success_num: succeeded(task),
    fail_num: task.failedNum,
    error_reason: task.errorCode === undefined ? '' : reason(task.errorCode),
    failed_object_record: JSON.stringify({
      result: listFileKey === undefined ? null : true,
      listFileKey: listFileKey ?? null,
      errorCode: null,
    }),
    enableKMS: false,
    thread_num: 50,
    auto_restore: false,
    smnInfo: null,
  };
}

/** @param tasks those of the group */
export function groupView(group: OmsGroup, tasks: readonly OmsTask[], now: Date) {
  const { startedAt } = group;
  const count = (...statuses: readonly number[]) =>
    tasks.filter(({ status }) => statuses.includes(status)).length;
  const sum = (of: (task: OmsTask) => number) => tasks.reduce((total, task) => total + of(task), 0);
  const listed = tasks.find(({ listFileKey }) => listFileKey !== undefined);
  return {
    group_id: group.id,
    status: group.status,
    error_reason: group.errorCode === undefined ? null : reason(group.errorCode),
    src_node: nodeOf(group.created, source(group)),
    dst_node: { bucket: group.dstBucket, region: group.region },
    description: group.created['description'] ?? '',
    task_type: group.taskType.toUpperCase(),
    enable_metadata_migration: false,
    enable_failed_object_recording: true,
    enable_restore: group.created['enable_restore'] ?? false,
    bandwidth_policy: group.bandwidth,
    smn_config: null,
    source_cdn: null,
    migrate_since: sinceOf(group.created),
    migrate_speed: 0,
    start_time: startedAt?.getTime() ?? 0,
    total_time: startedAt === undefined ? 0 : now.getTime() - startedAt.getTime(),
    total_task_num: tasks.length,
    create_task_num: tasks.length,
    failed_task_num: count(4),
    complete_task_num: count(5),
    paused_task_num: count(3, 7),
    executing_task_num: count(2, 6),
    waiting_task_num: count(0, 1),
    total_num: sum(({ totalNum }) => totalNum),
    success_num: sum(succeeded),
    fail_num: sum(({ failedNum }) => failedNum),
    skip_num: sum(({ skippedNum }) => skippedNum),
    failed_object_record: {
      result: listed ? true : null,
      list_file_key: listed?.listFileKey ?? null,
      error_code: null,
    },
  };
}

/**
 * The same facts in the other shapes that documents and examples show: numbers as text, no error as
 * `""` in version 2 and as null in version 1, the record of failed objects as the other version has it.
 */
export function oddShape(body: string): string {
  if (body === '') return body;
  return JSON.stringify(JSON.parse(body), (name, value: unknown) => {
    if (typeof value === 'number') return String(value);
    if (name === 'error_reason' && value === null) return '';
    if (name === 'error_reason' && value === '') return null;
    if (name !== 'failed_object_record') return value;
    return typeof value === 'string' ? JSON.parse(value) : JSON.stringify(value);
  });
}
