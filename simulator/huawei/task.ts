/** One migration task of OMS, and how a run of it ends. */

import { type FailedObject, failedListKey, failedListText } from './failed-list.ts';

export type ApiVersion = 'v1' | 'v2';
export type TaskType = 'object' | 'prefix' | 'list' | 'url_list';

/** How a run ends. */
export type Outcome =
  | { readonly status: 5 }
  | {
      readonly status: 4;
      /** `TRF.*`. @default 'TRF.0004' */
      readonly errorCode?: string;
      readonly failedObjects?: readonly FailedObject[];
      /** @default the length of `failedObjects` */
      readonly failedNum?: number;
    };

export interface NewOmsTask {
  /** Each version of the API sees its own tasks only. */
  readonly apiVersion: ApiVersion;
  readonly region: string;
  readonly projectId: string;
  /** An integer of up to 15 digits. */
  readonly id?: string;
  readonly name?: string;
  /**
   * Stays what it is until a call or the caller changes it: a task added as running (2) never ends
   * by itself and takes no place among the running. @default 3
   */
  readonly status?: number;
  /** @default 'object' */
  readonly taskType?: TaskType;
  /** @default 'AWS' */
  readonly cloudType?: string;
  readonly srcBucket?: string;
  readonly dstBucket?: string;
  /** The group it belongs to: it can then be started through the group only. */
  readonly groupId?: string;
  /** `TRF.*`. @default 'TRF.0004' with status 4 */
  readonly errorCode?: string;
  readonly totalNum?: number;
  readonly failedNum?: number;
  /** `enable_failed_object_recording`. @default true */
  readonly recording?: boolean;
  /** With status 4 and recording they are listed in the destination bucket. */
  readonly failedObjects?: readonly FailedObject[];
  /** True: the source is a CDN that asks for an authentication key. */
  readonly cdn?: boolean;
  /** Of the next start, a list for the next ones in order; success after these. */
  readonly outcome?: Outcome | readonly Outcome[];
  /** Its list files: each object in them arrives or fails by itself. */
  readonly lists?: readonly Buffer[];
  /** The body it was created with, for what it shows of itself. */
  readonly created?: Readonly<Record<string, unknown>>;
}

/** Its status, errors and next outcome may be set at any time. */
export interface OmsTask
  extends Required<
    Pick<
      NewOmsTask,
      | 'apiVersion'
      | 'region'
      | 'projectId'
      | 'id'
      | 'name'
      | 'taskType'
      | 'cloudType'
      | 'srcBucket'
      | 'dstBucket'
      | 'totalNum'
      | 'recording'
      | 'cdn'
      | 'lists'
      | 'created'
    >
  > {
  readonly groupId?: string;
  readonly savePrefix: string;
  readonly overwrite: string;
  skippedNum: number;
  bandwidth: readonly object[];
  /** Only its failed objects go again. */
  isResend: boolean;
  resent: ReadonlySet<string>;
  status: number;
  errorCode: string | undefined;
  failedNum: number;
  failedObjects: readonly FailedObject[];
  /** Key of its list of failed objects in the destination bucket. */
  listFileKey: string | undefined;
  outcome: Outcome | readonly Outcome[] | undefined;
  startedAt: Date | undefined;
  /** Starts that were taken. */
  starts: number;
  /** Body of the last start that was taken. */
  lastStart: Readonly<Record<string, unknown>> | undefined;
}

/** Puts an object into the destination bucket. */
export type PutObject = (bucket: string, key: string, body: string) => void;

const record = (value: unknown) => (value ?? {}) as Readonly<Record<string, unknown>>;

export function newTask(given: NewOmsTask, id: string): OmsTask {
  const { created = {}, failedObjects = [], status = 3 } = given;
  const failedNum = given.failedNum ?? failedObjects.length;
  return {
    apiVersion: given.apiVersion,
    region: given.region,
    projectId: given.projectId,
    id,
    name: given.name ?? `task_${id}`,
    taskType: given.taskType ?? 'object',
    cloudType: given.cloudType ?? 'AWS',
    srcBucket: given.srcBucket ?? 'source-bucket',
    dstBucket: given.dstBucket ?? 'destination-bucket',
    ...(given.groupId !== undefined && { groupId: given.groupId }),
    totalNum: given.totalNum ?? Math.max(10, failedNum),
    recording: given.recording ?? true,
    cdn: given.cdn ?? false,
    lists: given.lists ?? [],
    created,
    savePrefix: String(record(created['dst_node'])['save_prefix'] ?? ''),
    overwrite: String(
      created['object_overwrite_mode'] ?? 'SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE',
    ),
    skippedNum: 0,
    bandwidth: (created['bandwidth_policy'] ?? []) as object[],
    isResend: false,
    resent: new Set(),
    status,
    errorCode: given.errorCode ?? (status === 4 ? 'TRF.0004' : undefined),
    failedNum,
    failedObjects,
    listFileKey: undefined,
    outcome: given.outcome,
    startedAt: undefined,
    starts: 0,
    lastStart: undefined,
  };
}

const SUCCESS: Outcome = { status: 5 };

/** Takes the outcome of the run that ends now; success where none is said. */
export function takeOutcome(task: OmsTask): Outcome {
  const { outcome = [] } = task;
  const [next = SUCCESS, ...rest] = 'status' in outcome ? [outcome] : outcome;
  task.outcome = rest.length > 0 ? rest : undefined;
  return next;
}

/** Ends a run. The list of an earlier run stays: nobody deletes it. */
export function settle(task: OmsTask, outcome: Outcome, put: PutObject, at: Date): void {
  task.status = outcome.status;
  if (outcome.status === 5) {
    clear(task);
    return;
  }
  task.errorCode = outcome.errorCode ?? 'TRF.0004';
  task.failedObjects = outcome.failedObjects ?? [];
  task.failedNum = outcome.failedNum ?? task.failedObjects.length;
  listFailed(task, put, at);
}

/** Forgets how the last run ended. */
export function clear(task: OmsTask): void {
  task.errorCode = undefined;
  task.failedNum = 0;
  task.failedObjects = [];
}

/** Writes the list of a failed task's objects when it records them. */
export function listFailed(task: OmsTask, put: PutObject, at: Date): void {
  const { status, recording, failedObjects, region, dstBucket } = task;
  if (status !== 4 || !recording || failedObjects.length === 0) return;
  task.listFileKey = failedListKey(task, at);
  put(dstBucket, task.listFileKey, failedListText(region, failedObjects, at));
}
