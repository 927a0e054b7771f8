/**
 * Starts a task or group of OMS again. A start is not idempotent and takes no token. So the state
 * is read first, the intent is written ahead, and after an unknown answer the state is read again:
 * a second start leaves only if the first was not accepted (OMS reference, facts 3 to 6).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../../ledger/ledger.ts';
import { isStopped, type OmsTaskRef, parseTransferId } from '../../../ledger/model.ts';
import { watchCalls } from '../../../ledger/run-calls.ts';
import { toCause } from '../../../lib/cause.ts';
import { type Cause, ProviderError, RunStoppedError, WaybillError } from '../../../lib/errors.ts';
import type { CallOptions } from '../../../limits/ports.ts';
import type { CredentialSets } from '../../../stores/credential-sets.ts';
import { createTaskAttempts, type TaskAttempts } from '../../task-attempts.ts';
import { omsNumber } from '../errors.ts';
import { keysFor } from './choose-keys.ts';
import type { OmsAccess, OpenOms } from './connect.ts';
import { startRuleFor } from './start-rules.ts';
import { createTaskReader, startOms } from './task-calls.ts';
import type { TaskState } from './task-state.ts';

/** `started` and `running` go on at the provider; the others carry a cause. */
export type StartOutcome =
  | { readonly kind: 'started' | 'running'; readonly taskState: TaskState }
  | { readonly kind: 'complete'; readonly taskState: TaskState; readonly cause: Cause }
  | { readonly kind: 'refused'; readonly cause: Cause }
  /** Whether it started is not known; the sweeper reads it later. */
  | { readonly kind: 'unknown'; readonly cause: Cause }
  /** The run ended or was paused before the start had its turn; nothing was sent. */
  | { readonly kind: 'stopped' };

export type Starter = ReturnType<typeof createStarter>;

interface StarterOptions {
  readonly ledger: Pick<Ledger, 'record' | 'run' | 'stops'>;
  readonly open: OpenOms;
  readonly sets: CredentialSets;
  readonly now?: () => Date;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Starts of one task within one call, when the reads say that none was taken. */
const MAX_STARTS = 2;

export function createStarter(options: StarterOptions) {
  const { ledger, open, sets, now = () => new Date(), wait = sleep } = options;
  const reader = createTaskReader(wait);

  const startInRun = async (
    attempts: TaskAttempts,
    ref: OmsTaskRef,
    given: TaskState | undefined,
    calls: CallOptions,
  ): Promise<StartOutcome> => {
    const access = await open(ref);
    let taskState = given ?? (await reader.settled(ref, access, calls));
    const known = await settle(attempts, ref, taskState);
    if (known || !taskState) return known ?? attempts.refuse(UNREAD);
    const keys = keysFor(ref, taskState, await sets.get('oms', ref.credentials));
    let failedOnly = ref.failedObjectsOnly ?? taskState.onlyFailedLeft;
    for (let starts = 1; ; starts += 1) {
      const current = taskState;
      const send = () => startOms(ref, current, keys, failedOnly, access);
      const error = await sendStart(attempts, ref, send, access, calls);
      if (!error) return { kind: 'started', taskState };
      const number = error instanceof ProviderError ? omsNumber(error.providerCode) : undefined;
      if (number === '0167' && failedOnly && ref.failedObjectsOnly === undefined) {
        // Clearly refused: the list is gone, so the whole task it is, as the same attempt.
        failedOnly = false;
        continue;
      }
      const cause = toCause(error);
      // Already running, or complete: its state tells which.
      const isKnown = number === '0065' || number === '0070';
      if (!attempts.isOpen && !isKnown) return attempts.refuse(cause);
      if (attempts.isOpen) await attempts.record('submitting', 'unanswered', { cause });
      const later = await reader.afterStart(ref, access);
      if (!attempts.isOpen || later?.phase !== 'startable') {
        return (await settle(attempts, ref, later)) ?? attempts.refuse(cause);
      }
      if (starts === MAX_STARTS) return { kind: 'unknown', cause };
      taskState = later;
      attempts.number += 1;
    }
  };

  return {
    /**
     * Starts the transfer's task if it may be started, and records what came of it.
     * @param attempt the first number to use
     * @param known what was just read, where it was
     * @throws StoreError; faults of the input and refusals are outcomes
     */
    async start(
      transferId: string,
      ref: OmsTaskRef,
      attempt: number,
      known?: TaskState,
    ): Promise<StartOutcome> {
      const runId = parseTransferId(transferId)?.runId ?? '';
      const calls = watchCalls(ledger, runId);
      const attempts = createTaskAttempts(ledger, transferId, ref, attempt, now);
      return startInRun(attempts, ref, known, calls)
        .catch(async (error: unknown) => {
          if (!(error instanceof RunStoppedError)) return outcomeOf(attempts, error);
          const run = await ledger.run(runId);
          return run && !isStopped(run) ? attempts.giveBack() : attempts.stop();
        })
        .finally(calls.end);
    },
    /** What the task is now; undefined when there is none. @throws what the client throws */
    async read(ref: OmsTaskRef): Promise<TaskState | undefined> {
      return reader.settled(ref, await open(ref));
    },
    /** @throws InputError (BODY_INVALID, path `credentials`) that names what the credential set lacks */
    async checkKeys(ref: OmsTaskRef, taskState: TaskState): Promise<void> {
      keysFor(ref, taskState, await sets.get('oms', ref.credentials));
    },
  };
}

const idOf = ({ groupId, taskId }: OmsTaskRef): string => groupId ?? taskId ?? '';

/** @returns why the start is not known to have been accepted; the error of a refusal or no answer */
async function sendStart(
  attempts: TaskAttempts,
  ref: OmsTaskRef,
  send: () => Promise<void>,
  access: OmsAccess,
  calls: CallOptions,
): Promise<WaybillError | undefined> {
  await attempts.record('submitting', 'submitting');
  attempts.isOpen = true;
  let hasLeft = false;
  try {
    await access.run(() => {
      hasLeft = true;
      return send();
    }, calls);
  } catch (error) {
    if (!isAnswer(error)) throw error;
    // What is done before, such as fetching a token, starts nothing.
    attempts.isOpen = hasLeft && error.sent === 'unknown';
    return error;
  }
  await attempts.record('submitted', 'accepted', { providerId: idOf(ref) });
  return undefined;
}

/** Records what the task is already, or what forbids to start it; undefined when it may be started. */
async function settle(
  attempts: TaskAttempts,
  ref: OmsTaskRef,
  taskState: TaskState | undefined,
): Promise<StartOutcome | undefined> {
  const verdict = startRuleFor(ref, taskState);
  if (verdict.kind === 'refused' || !taskState) {
    return attempts.refuse('cause' in verdict ? verdict.cause : UNREAD);
  }
  const about = { progress: taskState.progress, providerId: idOf(ref) };
  if (verdict.kind === 'running') {
    await attempts.record('submitted', 'resolved', about);
    // Our start was accepted, although its answer was lost.
    return { kind: attempts.isOpen ? 'started' : 'running', taskState };
  }
  if (verdict.kind !== 'complete') return undefined;
  // Complete with failed objects is a failure all the same.
  const { cause } = taskState;
  const state = cause ? 'failed' : 'succeeded';
  await attempts.record(state, 'resolved', { ...about, ...(cause && { cause }) });
  return { kind: 'complete', taskState, cause: verdict.cause };
}

/** @throws the error itself when it is none of a provider's, or the ledger's */
async function outcomeOf(attempts: TaskAttempts, error: unknown): Promise<StartOutcome> {
  if (!isAnswer(error)) throw error;
  const cause = toCause(error);
  // The read that should have resolved it found no answer either.
  return attempts.isOpen ? { kind: 'unknown', cause } : attempts.refuse(cause);
}

/** Whether an error tells how a call went, and not that the run was stopped or the ledger failed. */
const isAnswer = (error: unknown): error is WaybillError =>
  error instanceof WaybillError &&
  error.code !== 'STORE_FAILED' &&
  !(error instanceof RunStoppedError);

const UNREAD: Cause = {
  provider: 'waybill',
  code: 'TASK_STATE',
  message: 'the task was not read',
  class: 'state',
};
