/**
 * The tasks of the simulated OMS and their runs: a limited number at once per region and project,
 * the others wait.
 */

import { createPlans, type Timers } from '../timers.ts';
import { moveObjects, type ReadSource, type Target } from './move.ts';
import {
  clear,
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
  /** Waits for its turn, as a started one. */
  enter(task: OmsTask): void;
  remove(task: OmsTask): void;
}

interface TasksOptions {
  readonly runMs: number;
  /** At once per region and project. */
  readonly running: number;
  readonly now: () => Date;
  readonly timers: Timers;
  readonly put: PutObject;
  readonly target: Target;
  readonly source: ReadSource | undefined;
  /** A run has ended. */
  readonly onEnd: (task: OmsTask) => void;
  /** Most at once in any one project, per region. */
  readonly mostRunning: Record<string, number>;
}

const FIRST_ID = 1_700_000_000_000;
export const TASK_ID = /^\d{1,15}$/;

export function createTasks(options: TasksOptions): TaskStore {
  const { now, put } = options;
  const tasks = new Map<string, OmsTask>();
  const { enter, leave, later } = createRuns(options);
  let made = 0;

  return {
    add(given) {
      const id = given.id ?? String(FIRST_ID + made);
      made += 1;
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
      task.isResend = failedOnly;
      task.resent = new Set(task.failedObjects.map(({ key }) => key));
      clear(task);
      if (!failedOnly) task.listFileKey = undefined;
      enter(task);
    },
    enter(task) {
      task.startedAt = now();
      enter(task);
    },
    remove(task) {
      leave(task);
      tasks.delete(task.id);
    },
    stop(task) {
      // Version 1 knows no status for pausing.
      if (task.apiVersion === 'v1') {
        task.status = 3;
        return leave(task);
      }
      task.status = 7;
      later(task, () => {
        if (task.status === 7) task.status = 3;
      });
    },
  };
}

/** Runs tasks in their turn, each for a while. */
function createRuns(options: TasksOptions) {
  const { runMs, now, onEnd, source, target, timers, put } = options;
  const plans = createPlans<OmsTask>(timers, runMs);

  const run = async (task: OmsTask, resent: OmsTask['resent'] | undefined): Promise<void> => {
    const { lists, outcome } = task;
    const moved =
      lists.length > 0 && outcome === undefined
        ? await moveObjects(task, lists, source, target, resent)
        : undefined;
    if (task.status !== 2) return;
    settle(task, moved ?? takeOutcome(task), put, now());
    onEnd(task);
  };

  const places = createPlaces(options, (task) => {
    task.status = 2;
    const resent = task.isResend ? task.resent : undefined;
    later(task, () => run(task, resent));
  });

  const leave = (task: OmsTask): void => {
    plans.cancel(task);
    places.leave(task);
  };

  const later = (task: OmsTask, act: () => Promise<void> | void): void =>
    plans.set(task, async () => {
      await act();
      leave(task);
    });

  return { enter: places.enter, leave, later };
}

/** Started tasks per region and project: so many of them run, the others wait. */
function createPlaces(
  { running: most, mostRunning }: Pick<TasksOptions, 'running' | 'mostRunning'>,
  run: (task: OmsTask) => void,
) {
  const places = new Map<string, { waiting: OmsTask[]; running: Set<OmsTask> }>();
  const placeOf = ({ region, projectId }: OmsTask) => {
    const name = `${region}/${projectId}`;
    const place = places.get(name) ?? { waiting: [], running: new Set<OmsTask>() };
    places.set(name, place);
    return place;
  };
  const fill = ({ waiting, running }: ReturnType<typeof placeOf>): void => {
    while (running.size < most) {
      const next = waiting.shift();
      if (!next) return;
      if (next.status !== 1) continue;
      running.add(next);
      mostRunning[next.region] = Math.max(mostRunning[next.region] ?? 0, running.size);
      run(next);
    }
  };
  return {
    enter(task: OmsTask): void {
      const place = placeOf(task);
      task.status = 1;
      if (!place.waiting.includes(task)) place.waiting.push(task);
      fill(place);
    },
    leave(task: OmsTask): void {
      const place = placeOf(task);
      place.running.delete(task);
      fill(place);
    },
  };
}
