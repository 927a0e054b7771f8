/**
 * Creates one task or group per transfer. A create starts at once and takes no token: the intent and
 * its marker are written ahead, and after a lost answer, or a crash, the lists of OMS are searched for
 * the marker before anything is sent again. Never two for one transfer (OMS tasks reference, facts 1
 * and 2).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../../ledger/ledger.ts';
import {
  madeTask,
  type OmsCreateRef,
  parseTransferId,
  type Transfer,
} from '../../../ledger/model.ts';
import { watchCalls } from '../../../ledger/run-calls.ts';
import { toCause } from '../../../lib/cause.ts';
import {
  type Cause,
  ProviderError,
  RunStoppedError,
  StoreError,
  WaybillError,
} from '../../../lib/errors.ts';
import type { CallOptions } from '../../../limits/ports.ts';
import type { CredentialSets } from '../../../stores/credential-sets.ts';
import { createTaskAttempts, type TaskAttempts } from '../../task-attempts.ts';
import { listName } from '../obs-lists.ts';
import { keysFor } from './choose-keys.ts';
import type { OmsAccess, OpenOms } from './connect.ts';
import type { OmsOrder } from './create-request.ts';
import { type Created, findCreated } from './find-created.ts';
import { describeWith } from './marker.ts';
import type { OmsKeys } from './start-request.ts';
import { createStarter, type StartOutcome } from './start-task.ts';
import { TASK_STATUS } from './task.ts';

export type CreateOutcome =
  | { readonly kind: 'created' }
  | { readonly kind: 'refused'; readonly cause: Cause }
  /** OMS takes no more for now; the transfer is planned again. */
  | { readonly kind: 'waiting'; readonly cause: Cause }
  /** Whether there is one is not known; a later call looks again. */
  | { readonly kind: 'unknown'; readonly cause?: Cause }
  /** The run ended before the create had its turn; nothing was sent. */
  | { readonly kind: 'stopped' };

export type OmsCreator = ReturnType<typeof createOmsCreator>;

interface OmsCreatorOptions {
  readonly ledger: Pick<Ledger, 'record' | 'run' | 'stops'>;
  readonly open: OpenOms;
  readonly sets: CredentialSets;
  /** After so long a create that was not answered shows in the lists, or never left. */
  readonly settleMs: number;
  readonly now?: () => Date;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Waits before each look for what a lost answer was about. */
const LOOKS_MS = [1_000, 3_000];

export function createOmsCreator(options: OmsCreatorOptions) {
  const { ledger, open, sets, settleMs, now = () => new Date(), wait = sleep } = options;
  const starter = createStarter({ ledger, open, sets, now, wait });

  /** An earlier call may have been taken. @returns undefined when it was not, for certain */
  const resolve = async (
    { updatedAt }: Transfer,
    ref: OmsCreateRef,
    attempts: TaskAttempts,
    access: OmsAccess,
  ): Promise<CreateOutcome | undefined> => {
    const found = await findCreated(ref, access);
    if (found) return created(attempts, found, 'resolved');
    return now().getTime() - updatedAt.getTime() < settleMs ? { kind: 'unknown' } : undefined;
  };

  const createOne = async (
    transfer: Transfer,
    ref: OmsCreateRef,
    order: OmsOrder | undefined,
    attempts: TaskAttempts,
    calls: CallOptions,
  ): Promise<CreateOutcome> => {
    const access = await open(ref);
    if (attempts.isOpen) {
      const known = await resolve(transfer, ref, attempts, access);
      if (known) return known;
      attempts.isOpen = false;
      attempts.number += 1;
    }
    if (!order) return attempts.refuse(ORDER_GONE);
    const keys = keysFor(
      { version: 'v2', credentials: ref.credentials, ...(isGroup(ref) && { groupId: ref.marker }) },
      { isUrlList: order.taskType === 'url_list', srcCloudType: order.srcNode.cloudType },
      await sets.get('oms', ref.credentials),
    );
    if (order.taskType === 'url_list') await checkLists(ref, keys, access, calls);
    await attempts.record('submitting', 'submitting');
    const marked = { ...order, description: describeWith(ref.marker, order.description) };
    let hasLeft = false;
    try {
      const made = await access.run(() => {
        hasLeft = true;
        const { v2 } = access;
        return isGroup(ref) ? v2.createGroup(marked, keys) : v2.createTask(marked, keys);
      }, calls);
      return await created(attempts, made, 'accepted');
    } catch (error) {
      attempts.isOpen = hasLeft && isAnswer(error) && error.sent === 'unknown';
      if (!attempts.isOpen) throw error;
      const cause = toCause(error);
      await attempts.record('submitting', 'unanswered', { cause });
      return (await look(ref, attempts, access)) ?? { kind: 'unknown', cause };
    }
  };

  const look = async (
    ref: OmsCreateRef,
    attempts: TaskAttempts,
    access: OmsAccess,
  ): Promise<CreateOutcome | undefined> => {
    for (const ms of LOOKS_MS) {
      await wait(ms);
      const found = await findCreated(ref, access);
      if (found) return created(attempts, found, 'resolved');
    }
    return undefined;
  };

  const attemptsOf = ({ attempt, state, transferId }: Transfer, ref: OmsCreateRef) => {
    const attempts = createTaskAttempts(ledger, transferId, ref, attempt, now);
    attempts.isOpen = state === 'submitting';
    return attempts;
  };

  return {
    /**
     * Creates what the transfer is to make, or finds it, and records what came of it; what was made
     * before is started again.
     * @param transfer planned, or left open by an earlier call
     * @param order unknown once its run was completed
     * @throws StoreError; faults of the input and refusals are outcomes
     */
    async create(
      transfer: Transfer,
      ref: OmsCreateRef,
      order: OmsOrder | undefined,
    ): Promise<CreateOutcome> {
      const { attempt, providerId, state, transferId } = transfer;
      if (providerId !== undefined && state === 'planned') {
        return toCreated(await starter.start(transferId, madeTask(ref, providerId), attempt));
      }
      const calls = watchCalls(ledger, parseTransferId(transfer.transferId)?.runId ?? '');
      const attempts = attemptsOf(transfer, ref);
      return createOne(transfer, ref, order, attempts, calls)
        .catch((error: unknown) => outcomeOf(attempts, error))
        .finally(calls.end);
    },
    /** Of a run that has ended: finds what an open create made, or cancels it once it is settled. */
    async settle(transfer: Transfer, ref: OmsCreateRef): Promise<CreateOutcome> {
      const attempts = attemptsOf(transfer, ref);
      const settled = open(ref).then((access) => resolve(transfer, ref, attempts, access));
      return settled
        .then((known) => known ?? attempts.stop())
        .catch((error: unknown) => outcomeOf(attempts, error));
    },
  };
}

function toCreated(started: StartOutcome): CreateOutcome {
  switch (started.kind) {
    case 'started':
    case 'running':
      return { kind: 'created' };
    case 'complete':
      return { kind: 'refused', cause: started.cause };
    default:
      return started;
  }
}

const ORDER_GONE: Cause = {
  provider: 'waybill',
  code: 'TASK_GONE',
  message: 'OMS no longer has the task, and its order is no longer kept',
  class: 'state',
};

const isGroup = ({ makes }: OmsCreateRef): boolean => makes === 'group';

async function created(
  attempts: TaskAttempts,
  { id, name }: Created,
  event: 'accepted' | 'resolved',
): Promise<CreateOutcome> {
  const named = name === '' ? {} : { name };
  const progress = { providerState: String(TASK_STATUS.waiting), ...named };
  await attempts.record('submitted', event, { providerId: id, progress });
  return { kind: 'created' };
}

/**
 * Has OMS check URL lists first: a bad one would fail its task. Where OMS does not know the call, or
 * the key may not make it, nothing was checked.
 */
async function checkLists(
  { list }: OmsCreateRef,
  keys: OmsKeys,
  { run, v2 }: OmsAccess,
  calls: CallOptions,
): Promise<void> {
  if (!list) return;
  const { bucket, files, key } = list;
  const isFolder = key.endsWith('/');
  for (let index = 0; index < files; index += 1) {
    const name = isFolder ? key + listName(index) : key;
    try {
      await run(() => v2.checkUrlList({ bucket, key: name }, keys), calls);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      if (/^(?:TRF|OMS)\./.test(error.providerCode) && error.class === 'request') throw error;
      return;
    }
  }
}

/** Classes of refusals that a later call may find gone. */
const PASSING = new Set(['quota', 'throttled', 'transient']);

/** @throws the error itself when it is none of a provider's, or the ledger's */
async function outcomeOf(attempts: TaskAttempts, error: unknown): Promise<CreateOutcome> {
  if (error instanceof RunStoppedError) {
    return attempts.isOpen ? { kind: 'unknown' } : attempts.stop();
  }
  if (!isAnswer(error)) throw error;
  const cause = toCause(error);
  if (attempts.isOpen) return { kind: 'unknown', cause };
  if (!PASSING.has(cause.class)) return attempts.refuse(cause);
  attempts.number += 1;
  await attempts.record('planned', 'refused', { cause });
  return { kind: 'waiting', cause };
}

/** Whether an error tells how a call went, and not that the run was stopped or the ledger failed. */
const isAnswer = (error: unknown): error is WaybillError =>
  error instanceof WaybillError &&
  !(error instanceof StoreError) &&
  !(error instanceof RunStoppedError);
