/**
 * The tasks of the simulated OMS and their runs: a limited number at once per region and project,
 * the others wait.
 */

import type { Timers } from '../timers.ts';
import {
  listFailed,
  type NewOmsTask,
  newTask,
  type OmsTask,
  type PutObject,
  settle,
  takeOutcome,
} from './task.ts';

export interface OmsTasks {
  /** @throws TypeError when the id is taken or none */
  add(task: NewOmsTask): OmsTask;
  get(id: string): OmsTask | undefined;
  all(): Iterable<OmsTask>;
}

/** What the API does with tasks. */
export interface TaskStore extends OmsTasks {
  start(task: OmsTask, body: Readonly<Record<string, unknown>>, failedOnly: boolean): void;
  stop(task: OmsTask): void;
}

export interface TasksOptions {
  readonly runMs: number;
  /** At once per region and project. */
  readonly running: number;
  readonly now: () => Date;
  readonly timers: Timers;
  readonly put: PutObject;
  /** Most at once in any one project, per region. */
  readonly mostRunning: Record<string, number>;
}

const FIRST_ID = 1_700_000_000_000;
export const TASK_ID = /^\d{1,15}$/;

export function createTasks(options: TasksOptions): TaskStore {
  const { runMs, running, now, timers, put, mostRunning } = options;
  const tasks = new Map<string, OmsTask>();
  /** Started tasks per region and project. */
  const places = new Map<string, { waiting: OmsTask[]; running: Set<OmsTask> }>();
  const cancels = new Map<OmsTask, () => void>();

  const placeOf = ({ region, projectId }: OmsTask) => {
    const name = `${region}/${projectId}`;
    const place = places.get(name) ?? { waiting: [], running: new Set<OmsTask>() };
    places.set(name, place);
    return place;
  };

  const run = (task: OmsTask): void => {
    const place = placeOf(task);
    place.running.add(task);
    task.status = 2;
    const { region } = task;
    mostRunning[region] = Math.max(mostRunning[region] ?? 0, place.running.size);
    cancels.set(
      task,
      timers.later(runMs, () => {
        if (task.status === 2) settle(task, takeOutcome(task), put, now());
        leave(task);
      }),
    );
  };

  const leave = (task: OmsTask): void => {
    cancels.get(task)?.();
    cancels.delete(task);
    const place = placeOf(task);
    place.running.delete(task);
    while (place.running.size < running) {
      const next = place.waiting.shift();
      if (!next) return;
      if (next.status === 1) run(next);
    }
  };

  return {
    add(given) {
      const id = given.id ?? String(FIRST_ID + tasks.size);
      if (!TASK_ID.test(id)) throw new TypeError(`task id ${id}: expected up to 15 digits`);
      if (tasks.has(id)) throw new TypeError(`task id ${id}: is taken`);
      const task = newTask(given, id);
      tasks.set(id, task);
      listFailed(task, put, now());
      return task;
    },
    get: (id) => tasks.get(id),
    all: () => tasks.values(),
    start(task, body, failedOnly) {
      task.starts += 1;
      task.lastStart = body;
      task.startedAt = now();
      task.errorCode = undefined;
      task.failedNum = 0;
      task.failedObjects = [];
      if (!failedOnly) task.listFileKey = undefined;
      const place = placeOf(task);
      if (place.running.size < running) return run(task);
      task.status = 1;
      place.waiting.push(task);
    },
    stop(task) {
      cancels.get(task)?.();
      // Version 1 knows no status for pausing.
      if (task.apiVersion === 'v1') {
        task.status = 3;
        return leave(task);
      }
      task.status = 7;
      cancels.set(
        task,
        timers.later(runMs, () => {
          if (task.status === 7) task.status = 3;
          leave(task);
        }),
      );
    },
  };
}
