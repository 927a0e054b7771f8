/**
 * Stops and deletes tasks and groups of OMS, and changes their bandwidth. The state of a task is ahead
 * of what calls allow: a stop meets a task that has just ended, a delete one that was just stopped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OmsTaskRef } from '../../../ledger/model.ts';
import { ConflictError, InputError, ProviderError } from '../../../lib/errors.ts';
import { omsNumber } from '../errors.ts';
import type { OmsAccess, OpenOms } from './connect.ts';
import type { BandwidthPolicy } from './create-request.ts';
import { nameOf } from './start-rules.ts';
import { readTaskState } from './task-calls.ts';

export type OmsSteering = ReturnType<typeof createOmsSteering>;

interface OmsSteeringOptions {
  readonly open: OpenOms;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Waits before a delete that OMS refuses right after a stop is asked for again. */
const AGAIN_MS = [1_000, 2_000, 4_000, 8_000];

/** Not running: a task, a group. */
const NOT_RUNNING = new Set(['0066', '1036', '1038']);

/** In progress. */
const IN_PROGRESS = new Set(['0063', '1036']);

/** All throw InputError (NOT_FOUND), ConflictError (TASK_COMPLETE, TASK_STATE), and what the client throws. */
export function createOmsSteering({ open, wait = sleep }: OmsSteeringOptions) {
  const numberIn = (error: unknown): string =>
    (error instanceof ProviderError && omsNumber(error.providerCode)) || '';

  /** What is not there, or complete, as words for whoever asked. */
  const explain = (ref: OmsTaskRef, error: unknown): never => {
    const number = numberIn(error);
    if (number === '1009' || number === '0054') throw notFound(ref);
    if (number === '0070') throw new ConflictError('TASK_COMPLETE', `${nameOf(ref)} is complete.`);
    throw error;
  };

  const isRunning = async (ref: OmsTaskRef, access: OmsAccess): Promise<boolean> => {
    const state = await access.run(() => readTaskState(ref, access));
    if (!state || state.phase === 'gone') throw notFound(ref);
    return state.phase === 'running';
  };

  return {
    /** Stopped already, or just ended, is stopped. */
    async stop(ref: OmsTaskRef): Promise<void> {
      const access = await open(ref);
      const { groupId, taskId = '' } = ref;
      const send = () =>
        groupId === undefined ? access.v2.stopTask(taskId) : access.v2.stopGroup(groupId);
      try {
        await access.run(send);
      } catch (error) {
        if (!NOT_RUNNING.has(numberIn(error))) return explain(ref, error);
        if (!(await isRunning(ref, access))) return;
        throw new ConflictError(
          'TASK_STATE',
          `${nameOf(ref)} waits or runs, and can't be stopped now.`,
        );
      }
    },

    /** What runs is refused; stop it first. */
    async remove(ref: OmsTaskRef): Promise<void> {
      const access = await open(ref);
      const { groupId, taskId = '' } = ref;
      const send = () =>
        groupId === undefined ? access.v2.deleteTask(taskId) : access.v2.deleteGroup(groupId);
      for (const ms of [...AGAIN_MS, undefined]) {
        try {
          return await access.run(send);
        } catch (error) {
          if (!IN_PROGRESS.has(numberIn(error))) return explain(ref, error);
          if (ms === undefined || (await isRunning(ref, access))) {
            throw new ConflictError('TASK_STATE', `${nameOf(ref)} is in progress; stop it first.`);
          }
          await wait(ms);
        }
      }
    },

    async pace(ref: OmsTaskRef, policy: BandwidthPolicy): Promise<void> {
      const { run, v2 } = await open(ref);
      const { groupId, taskId = '' } = ref;
      const send = () =>
        groupId === undefined
          ? v2.setTaskBandwidth(taskId, policy)
          : v2.setGroupBandwidth(groupId, policy);
      await run(send).catch((error: unknown) => explain(ref, error));
    },
  };
}

function notFound(ref: OmsTaskRef): InputError {
  const [path, kind] = ref.groupId === undefined ? ['taskId', 'task'] : ['groupId', 'group'];
  return new InputError('NOT_FOUND', `OMS has no ${nameOf(ref)}.`, [
    { path: path ?? '', message: `expected a ${kind} of this project and region` },
  ]);
}
