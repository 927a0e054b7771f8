/**
 * Starts a task or group of OMS again. A start is not idempotent and takes no token. So the state
 * is read first, the intent is written ahead, and after an unknown answer the state is read again:
 * a second start leaves only if the first was not accepted (OMS reference, facts 3 to 6).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../../ledger/ledger.ts';
import {
  type OmsTaskRef,
  parseTransferId,
  type TransferEvent,
  type TransferUpdate,
} from '../../../ledger/model.ts';
import { watchCalls } from '../../../ledger/run-calls.ts';
import { toCause } from '../../../lib/cause.ts';
import { type Cause, ProviderError, RunStoppedError, WaybillError } from '../../../lib/errors.ts';
import type { CallOptions } from '../../../limits/ports.ts';
import type { CredentialSets } from '../credential-sets.ts';
import { omsNumber } from '../errors.ts';
import { keysFor } from './choose-keys.ts';
import type { OmsAccess, OpenOms } from './connect.ts';
import { startRuleFor } from './start-rules.ts';
import { readTaskState, startOms } from './task-calls.ts';
import type { TaskState } from './task-state.ts';

/** `started` and `running` go on at the provider; the others carry a cause. */
export type StartOutcome =
  | { readonly kind: 'started' | 'running'; readonly taskState: TaskState }
  | { readonly kind: 'complete'; readonly taskState: TaskState; readonly cause: Cause }
  | { readonly kind: 'refused'; readonly cause: Cause }
  /** Whether it started is not known; the sweeper reads it later. */
  | { readonly kind: 'unknown'; readonly cause: Cause }
  /** The run ended before the start had its turn; nothing was sent. */
  | { readonly kind: 'stopped' };

export interface Starter {
  /** What the task is now; undefined when there is none. @throws what the client throws */
  read(ref: OmsTaskRef): Promise<TaskState | undefined>;
  /** @throws InputError (BODY_INVALID, path `credentials`) that names what the credential set lacks */
  checkKeys(ref: OmsTaskRef, taskState: TaskState): Promise<void>;
  /**
   * Starts the transfer's task if it may be started, and records what came of it.
   * @param attempt the first number to use
   * @param known what was just read, where it was
   * @throws StoreError; faults of the input and refusals are outcomes
   */
  start(
    transferId: string,
    ref: OmsTaskRef,
    attempt: number,
    known?: TaskState,
  ): Promise<StartOutcome>;
}

export interface StarterOptions {
  readonly ledger: Pick<Ledger, 'record' | 'run' | 'stops'>;
  readonly open: OpenOms;
  readonly sets: CredentialSets;
  readonly now?: () => Date;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Waits before each look at a task that is about to change, or whose start was not answered. */
const LOOKS_MS = [1_000, 3_000];

/** Starts of one task within one call, when the reads say that none was taken. */
const MAX_STARTS = 2;

/** Tries of one read. */
const MAX_READS = 3;

export function createStarter(options: StarterOptions): Starter {
  const { ledger, open, sets, now = () => new Date(), wait = sleep } = options;

  /** Reading has no effect, so it is tried again after an unknown answer as well. */
  const read = async (
    ref: OmsTaskRef,
    access: OmsAccess,
    call?: CallOptions,
  ): Promise<TaskState | undefined> => {
    for (let reads = 1; ; reads += 1) {
      try {
        return await access.run(() => readTaskState(ref, access), call);
      } catch (error) {
        const again = error instanceof WaybillError && error.sent === 'unknown';
        if (!again || reads === MAX_READS) throw error;
        await wait(LOOKS_MS[0] ?? 0);
      }
    }
  };

  /** Reads until the task is neither pausing nor initialising. */
  const readSettled = async (
    ref: OmsTaskRef,
    access: OmsAccess,
    call?: CallOptions,
  ): Promise<TaskState | undefined> => {
    let taskState = await read(ref, access, call);
    for (const ms of LOOKS_MS) {
      if (taskState?.phase !== 'moving') break;
      await wait(ms);
      taskState = await read(ref, access, call);
    }
    return taskState;
  };

  const record = (
    transferId: string,
    ref: OmsTaskRef,
    attempt: number,
    state: TransferUpdate['state'],
    event: TransferEvent,
    more: Pick<TransferUpdate, 'cause' | 'progress'> & { providerId?: string } = {},
  ): Promise<void> => {
    const { providerId, ...rest } = more;
    return ledger.record(transferId, {
      state,
      attempt,
      accepted: providerId === undefined ? [] : [`${attempt}:${providerId}`],
      at: now(),
      event,
      task: ref,
      ...rest,
    });
  };

  const startInRun = async (
    transferId: string,
    ref: OmsTaskRef,
    first: number,
    given: TaskState | undefined,
    calls: CallOptions,
  ): Promise<StartOutcome> => {
    const providerId = ref.groupId ?? ref.taskId ?? '';
    let attempt = first;
    // A start has left and is not known to have been taken or refused.
    let isOpen = false;
    const refuse = async (cause: Cause): Promise<StartOutcome> => {
      await record(transferId, ref, attempt, 'failed', 'refused', { cause });
      return { kind: 'refused', cause };
    };
    const stopped = async (): Promise<StartOutcome> => {
      await record(transferId, ref, attempt, 'cancelled', 'cancelled');
      return { kind: 'stopped' };
    };
    /** Records what the task is already, or what forbids to start it. */
    const settle = async (taskState: TaskState | undefined): Promise<StartOutcome | undefined> => {
      const verdict = startRuleFor(ref, taskState);
      if (verdict.kind === 'refused' || !taskState) {
        return refuse('cause' in verdict ? verdict.cause : UNREAD);
      }
      const about = { progress: taskState.progress, providerId };
      if (verdict.kind === 'running') {
        await record(transferId, ref, attempt, 'submitted', 'resolved', about);
        // Our start was accepted, although its answer was lost.
        return { kind: isOpen ? 'started' : 'running', taskState };
      }
      if (verdict.kind !== 'complete') return undefined;
      // Complete with failed objects is a failure all the same.
      const { cause } = taskState;
      const state = cause ? 'failed' : 'succeeded';
      await record(transferId, ref, attempt, state, 'resolved', {
        ...about,
        ...(cause && { cause }),
      });
      return { kind: 'complete', taskState, cause: verdict.cause };
    };

    try {
      const access = await open(ref);
      let taskState = given ?? (await readSettled(ref, access, calls));
      const known = await settle(taskState);
      if (known || !taskState) return known ?? (await refuse(UNREAD));
      const keys = keysFor(ref, taskState, await sets.get(ref.credentials));
      let failedOnly = ref.failedObjectsOnly ?? taskState.onlyFailedLeft;

      for (let starts = 1; ; starts += 1) {
        await record(transferId, ref, attempt, 'submitting', 'submitting');
        isOpen = true;
        const current = taskState;
        let hasLeft = false;
        try {
          await access.run(() => {
            hasLeft = true;
            return startOms(ref, current, keys, failedOnly, access);
          }, calls);
          await record(transferId, ref, attempt, 'submitted', 'accepted', { providerId });
          return { kind: 'started', taskState: current };
        } catch (error) {
          if (!(error instanceof WaybillError)) throw error;
          if (error instanceof RunStoppedError) return await stopped();
          const number = error instanceof ProviderError ? omsNumber(error.providerCode) : undefined;
          if (number === '0167' && failedOnly && ref.failedObjectsOnly === undefined) {
            // Clearly refused: the list is gone, so the whole task it is, as the same attempt.
            failedOnly = false;
            continue;
          }
          // What is done before, such as fetching a token, starts nothing.
          isOpen = hasLeft && error.sent === 'unknown';
          // Already running, or complete: its state tells which.
          if (!isOpen && number !== '0065' && number !== '0070')
            return await refuse(toCause(error));
          if (isOpen) {
            await record(transferId, ref, attempt, 'submitting', 'unanswered', {
              cause: toCause(error),
            });
          }
          let later: TaskState | undefined;
          for (const ms of LOOKS_MS) {
            await wait(ms);
            later = await read(ref, access);
            if (later?.phase !== 'startable') break;
          }
          if (!isOpen || later?.phase !== 'startable') {
            return (await settle(later)) ?? (await refuse(toCause(error)));
          }
          if (starts === MAX_STARTS) return { kind: 'unknown', cause: toCause(error) };
          taskState = later;
          attempt += 1;
        }
      }
    } catch (error) {
      if (!(error instanceof WaybillError) || error.code === 'STORE_FAILED') throw error;
      if (error instanceof RunStoppedError) return stopped();
      // The read that should have resolved it found no answer either.
      if (isOpen) return { kind: 'unknown', cause: toCause(error) };
      return refuse(toCause(error));
    }
  };

  return {
    async start(transferId, ref, attempt, known) {
      const { runId = '' } = parseTransferId(transferId) ?? {};
      const calls = watchCalls(ledger, runId);
      try {
        return await startInRun(transferId, ref, attempt, known, calls);
      } finally {
        calls.end();
      }
    },
    async read(ref) {
      return readSettled(ref, await open(ref));
    },
    async checkKeys(ref, taskState) {
      keysFor(ref, taskState, await sets.get(ref.credentials));
    },
  };
}

const UNREAD: Cause = {
  provider: 'waybill',
  code: 'TASK_STATE',
  message: 'the task was not read',
  class: 'state',
};
