/**
 * Polls provider tasks until they reach a final state: often soon after their start, later once a
 * minute. Each provider's `TaskPoller` reports what a task is now; this file decides when to poll
 * and what to record.
 */

import type { Ledger, ShardRecord } from '../../ledger/ledger.ts';
import { madeTask, nightKey, type Transfer, type TransferUpdate } from '../../ledger/model.ts';
import { isTaskShard } from '../../ledger/shard.ts';
import { toCause } from '../../lib/cause.ts';
import { BreakerOpenError, type Cause, StoreError, WaybillError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { sideBySide } from '../../lib/side-by-side.ts';
import { stageFailures } from '../../manifest/staging.ts';
import type {
  Kind,
  TaskOf,
  TaskPoller,
  TaskPollers,
  TaskStatus,
} from '../../providers/task-poller.ts';
import type { Objects } from '../../stores/objects.ts';

export interface PollOptions {
  readonly ledger: Ledger;
  readonly log: Log;
  /** Takes the objects that failed in a task. */
  readonly objects: Pick<Objects, 'put'>;
  readonly pollers: TaskPollers;
  readonly settleMs: number;
  /** Planned tasks that no function started for so long fail. */
  readonly abandonedMs?: number;
  /** Polls every task now, whatever its interval. */
  readonly all: boolean;
  readonly deadline: Date;
  readonly now: () => Date;
}

interface PollTally {
  polled: number;
  found: number;
  /** When the next task of these is due; undefined when none is polled. */
  nextDueAt?: Date;
}

const SHORTEST_MS = 5_000;

const LONGEST_MS = 60_000;

const ABANDONED_MS = 3_600_000;

/** Of one run, before other runs get their turn. */
const POLLS_PER_RUN = 100;

const AT_ONCE = 8;

/** A tenth of its age, from 5 s to a minute: a task that runs for hours is polled once a minute. */
export const intervalMs = (ageMs: number): number =>
  Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ageMs / 10));

export async function pollTasks(
  shards: readonly ShardRecord[],
  options: PollOptions,
): Promise<PollTally> {
  const { ledger, log, objects, pollers, settleMs, all, deadline, now } = options;
  const { abandonedMs = ABANDONED_MS } = options;
  const tally: PollTally = { polled: 0, found: 0 };
  let breakerOpen = 0;

  const poll = async <K extends Kind>(transfer: Transfer, task: TaskOf<K>): Promise<void> => {
    const poller = pollers[task.kind] as TaskPoller<K> | undefined;
    if (!poller) return;
    try {
      tally.polled += 1;
      const status = await poller.poll({ transfer, task, since: startedAt(transfer) });
      if (!status) return;
      if (status.state === 'succeeded') await forgetNights(transfer, ledger);
      const cause = await stageFailed(transfer, status, objects);
      await ledger.record(transfer.transferId, toUpdate(transfer, status, cause, now()));
      if (status.state !== 'submitted') tally.found += 1;
    } catch (error) {
      if (error instanceof StoreError || !(error instanceof WaybillError)) throw error;
      if (error instanceof BreakerOpenError) {
        tally.polled -= 1;
        breakerOpen += 1;
        return;
      }
      log.warn('sweep.unanswered', { transferId: transfer.transferId }, error);
    }
  };

  const due: Transfer[] = [];
  const noteDue = (at: Date): void => {
    if (!tally.nextDueAt || at < tally.nextDueAt) tally.nextDueAt = at;
  };
  for await (const transfer of openTasksOf(shards, ledger)) {
    if (transfer.state === 'planned') await giveUp(transfer, options, abandonedMs);
    else {
      const dueAt = dueOf(transfer, settleMs);
      if (all || dueAt <= now()) due.push(transfer);
      else noteDue(dueAt);
    }
  }
  // The task polled longest ago comes first; other runs get their turn in between.
  due.sort((a, b) => a.updatedAt.getTime() - b.updatedAt.getTime());
  const waiting = due.splice(0, POLLS_PER_RUN);
  if (due.length > 0) noteDue(now());
  else if (waiting.length > 0) noteDue(new Date(now().getTime() + SHORTEST_MS));
  await sideBySide(waiting, AT_ONCE, async (next) => {
    if (next.task && now() < deadline) await poll(next, next.task);
  });
  if (breakerOpen > 0) log.error('sweep.credentials-refused', { tasks: breakerOpen });
  return tally;
}

async function* openTasksOf(
  shards: readonly ShardRecord[],
  ledger: Pick<Ledger, 'transfersOf'>,
): AsyncGenerator<Transfer> {
  for (const { shard, counts } of shards) {
    if (!isTaskShard(shard) || counts.submitted + counts.submitting + counts.planned === 0)
      continue;
    for (const transfer of await ledger.transfersOf(shard.runId, shard.index, OPEN)) {
      if (!transfer.task) continue;
      // Whoever creates tasks also waits, over days where OMS takes no more, and resolves.
      if (transfer.task.kind === 'oms-create' && transfer.state !== 'submitted') continue;
      yield transfer;
    }
  }
}

const OPEN = ['submitted', 'submitting', 'planned'] as const;

/** A task that succeeded starts anew if it fails another time. */
async function forgetNights(
  { providerId = '', task }: Transfer,
  ledger: Pick<Ledger, 'forgetNights'>,
): Promise<void> {
  const ref = task?.kind === 'oms-create' ? madeTask(task, providerId) : task;
  if (ref?.kind === 'oms') await ledger.forgetNights(nightKey(ref));
}

/**
 * Stages the objects that failed in a task, for `failed.csv`.
 * @returns the cause, which mentions a list that can't be read or lacks some of them
 */
async function stageFailed(
  { runId, line }: Transfer,
  { cause, failures, progress }: TaskStatus,
  objects: Pick<Objects, 'put'>,
): Promise<Cause | undefined> {
  if (!cause || !failures) return cause;
  const withNote = (note: string): Cause => ({
    ...cause,
    message: `${cause.message}; ${note}`.slice(0, 256),
  });
  const expected = progress?.objectsFailed ?? 0;
  try {
    const listed = await stageFailures(objects, runId, line, failures);
    if (listed === expected) return cause;
    return withNote(`${listed} of ${expected} failed objects are listed`);
  } catch (error) {
    if (!(error instanceof WaybillError) || error instanceof StoreError) throw error;
    return withNote(`the list of failed objects can't be read: ${toCause(error).code}`);
  }
}

/** The function that should have started the task died: the run must not wait for ever. */
async function giveUp(
  { transferId, attempt, updatedAt }: Transfer,
  { ledger, now }: PollOptions,
  abandonedMs: number,
): Promise<void> {
  const at = now();
  if (at.getTime() - updatedAt.getTime() < abandonedMs) return;
  const cause: Cause = {
    provider: 'waybill',
    code: 'NOT_STARTED',
    message: 'the task was not started in time',
    class: 'transient',
  };
  const update = { state: 'failed', attempt, accepted: [], at, event: 'refused', cause } as const;
  await ledger.record(transferId, update);
}

/** An open start is polled once it must have settled. */
function dueOf(transfer: Transfer, settleMs: number): Date {
  const since = startedAt(transfer).getTime();
  const updatedMs = transfer.updatedAt.getTime();
  if (transfer.state === 'submitting') return new Date(updatedMs + settleMs);
  return new Date(updatedMs + intervalMs(updatedMs - since));
}

function startedAt({ attempt, history, updatedAt }: Transfer): Date {
  const entry = history.find(
    (each) =>
      each.attempt === attempt && (each.state === 'submitted' || each.state === 'submitting'),
  );
  return entry?.at ?? updatedAt;
}

function toUpdate(
  { attempt }: Transfer,
  { progress, providerId, state }: TaskStatus,
  cause: Cause | undefined,
  at: Date,
): TransferUpdate {
  return {
    state,
    attempt,
    accepted: providerId === undefined ? [] : [`${attempt}:${providerId}`],
    at,
    event: 'poll',
    ...(cause && { cause }),
    ...(progress && { progress }),
  };
}
