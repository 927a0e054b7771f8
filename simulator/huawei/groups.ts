/** The task groups of the simulated OMS: their tasks are started, stopped and retried together. */
import { randomUUID } from 'node:crypto';
import { createPlans, type Timers } from '../timers.ts';
import type { OmsTask, Outcome, TaskType } from './task.ts';
import { type PutObject, settle, takeOutcome } from './task.ts';
import type { TaskStore } from './tasks.ts';

export interface NewOmsGroup {
  readonly region: string;
  readonly projectId: string;
  /** @default a UUID */
  readonly id?: string;
  /** Stays what it is until a call or the caller changes it. @default 5 */
  readonly status?: number;
  readonly taskType?: TaskType;
  readonly cloudType?: string;
  readonly srcBucket?: string;
  readonly dstBucket?: string;
  /** `TRF.*`. @default 'TRF.0004' with status 5 */
  readonly errorCode?: string;
  /** How the next start or retry ends: completed, or failed. @default { status: 6 } */
  readonly outcome?: GroupOutcome;
  /** The body it was created with. */
  readonly created?: Readonly<Record<string, unknown>>;
}

export interface GroupOutcome {
  readonly status: 5 | 6;
  /** `TRF.*`. @default 'TRF.0004' with status 5 */
  readonly errorCode?: string;
}

/** Its status, error and next outcome may be set at any time. */
export interface OmsGroup {
  readonly region: string;
  readonly projectId: string;
  readonly id: string;
  readonly taskType: TaskType;
  readonly cloudType: string;
  readonly srcBucket: string;
  readonly dstBucket: string;
  readonly created: Readonly<Record<string, unknown>>;
  bandwidth: readonly object[];
  status: number;
  errorCode: string | undefined;
  outcome: GroupOutcome | undefined;
  startedAt: Date | undefined;
  /** Starts and retries that were taken. */
  starts: number;
  /** Body of the last start or retry that was taken. */
  lastStart: Readonly<Record<string, unknown>> | undefined;
}

export interface OmsGroups {
  /** @throws TypeError when the id is taken */
  add(group: NewOmsGroup): OmsGroup;
  get(id: string): OmsGroup | undefined;
  all(): Iterable<OmsGroup>;
}

/** What the API does with groups. */
export interface GroupStore extends OmsGroups {
  /** Start and retry: what is paused or failed runs again. */
  start(group: OmsGroup, body: Readonly<Record<string, unknown>>): void;
  stop(group: OmsGroup): void;
  /** A task of its own has ended; the last one ends the group. */
  taskEnded(task: OmsTask): void;
}

interface GroupsOptions {
  readonly tasks: TaskStore;
  readonly runMs: number;
  readonly now: () => Date;
  readonly timers: Timers;
  readonly put: PutObject;
}

function newGroup(given: NewOmsGroup): OmsGroup {
  const { status = 5 } = given;
  return {
    region: given.region,
    projectId: given.projectId,
    id: given.id ?? randomUUID(),
    taskType: given.taskType ?? 'prefix',
    cloudType: given.cloudType ?? 'AWS',
    srcBucket: given.srcBucket ?? 'source-bucket',
    dstBucket: given.dstBucket ?? 'destination-bucket',
    created: given.created ?? {},
    bandwidth: (given.created?.['bandwidth_policy'] ?? []) as object[],
    status,
    errorCode: given.errorCode ?? (status === 5 ? 'TRF.0004' : undefined),
    outcome: given.outcome,
    startedAt: undefined,
    starts: 0,
    lastStart: undefined,
  };
}

const reasonOf = ({ errorCode }: OmsGroup) => (errorCode === undefined ? {} : { errorCode });

/** As its outcome says; what runs in it ends alike. */
function end(group: OmsGroup, tasks: readonly OmsTask[], put: PutObject, at: Date): void {
  const { status, errorCode } = group.outcome ?? { status: 6 as const };
  group.outcome = undefined;
  group.status = status;
  group.errorCode = status === 6 ? undefined : (errorCode ?? 'TRF.0004');
  for (const task of tasks) {
    const { failedObjects, failedNum, outcome } = task;
    const failed: Outcome = { status: 4, failedObjects, failedNum, ...reasonOf(group) };
    // A group that fails again leaves its tasks failed unless they say otherwise.
    settle(task, status === 6 || outcome ? takeOutcome(task) : failed, put, at);
  }
}

export function createGroups({ tasks, runMs, now, timers, put }: GroupsOptions): GroupStore {
  const groups = new Map<string, OmsGroup>();
  const plans = createPlans<OmsGroup>(timers, runMs);
  const tasksOf = (group: OmsGroup, ...statuses: readonly number[]) =>
    [...tasks.all()].filter(
      ({ groupId, status }) => groupId === group.id && statuses.includes(status),
    );

  return {
    add(given) {
      const group = newGroup(given);
      if (groups.has(group.id)) throw new TypeError(`group id ${group.id}: is taken`);
      groups.set(group.id, group);
      return group;
    },
    get: (id) => groups.get(id),
    all: () => groups.values(),
    taskEnded({ groupId = '' }) {
      const group = groups.get(groupId);
      if (group?.status !== 2 || plans.has(group) || tasksOf(group, 1, 2, 7).length > 0) return;
      const isFailed = tasksOf(group, 4).length > 0;
      group.status = isFailed ? 5 : 6;
      group.errorCode = isFailed ? 'TRF.0004' : undefined;
    },
    start(group, body) {
      group.starts += 1;
      group.lastStart = body;
      group.startedAt = now();
      group.status = 2;
      group.errorCode = undefined;
      const own = tasksOf(group, 3, 4).filter(({ lists }) => lists.length > 0);
      for (const task of own) tasks.start(task, body, body['migrate_failed_object'] === true);
      if (own.length > 0) return;
      for (const task of tasksOf(group, 3, 4)) {
        task.status = 2;
        task.errorCode = undefined;
        task.startedAt = now();
      }
      plans.set(group, () => {
        if (group.status === 2) end(group, tasksOf(group, 2), put, now());
      });
    },
    stop(group) {
      group.status = 7;
      for (const task of tasksOf(group, 1, 2)) {
        if (task.lists.length === 0) task.status = 7;
        else if (task.status === 2) tasks.stop(task);
        else task.status = 3;
      }
      plans.set(group, () => {
        if (group.status === 7) group.status = 3;
        for (const task of tasksOf(group, 7)) task.status = 3;
      });
    },
  };
}
