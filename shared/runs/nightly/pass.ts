/**
 * Runs one nightly pass: decides which failures of the last day are retried, and starts them. Safe
 * to repeat at any point: a plan is finished before anything is started from it, and each later
 * step finds what is already done.
 */
import { tryLease } from '../../ledger/lease.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Run } from '../../ledger/model.ts';
import type { Log } from '../../lib/log.ts';
import type { OmsProject } from '../../providers/huawei/config.ts';
import type { OpenOms } from '../../providers/huawei/oms/connect.ts';
import type { Starter } from '../../providers/huawei/oms/start-task.ts';
import type { CredentialSets } from '../../stores/credential-sets.ts';
import type { Objects } from '../../stores/objects.ts';
import type { QueueSender } from '../../stores/queue.ts';
import { feedFirst, keepShardList } from '../feed.ts';
import { openTasks, taskShard } from '../task-runs.ts';
import {
  closedRuns,
  cutPieces,
  isWorthNight,
  passRunId,
  planFailedFetches,
} from './failed-fetches.ts';
import { listFailed } from './failed-tasks.ts';
import { createSkipped, readPlan, savePlan } from './plan.ts';
import { type StartTally, startPlanned } from './start-tasks.ts';
import { endRequest, readTimetable } from './timetable.ts';

export interface PassOptions {
  readonly ledger: Ledger;
  readonly log: Log;
  readonly objects: Objects;
  readonly queue: QueueSender;
  readonly maxNights: number;
  readonly shardBytes: number;
  /** Undefined while the provider is not configured. */
  readonly oms?: OmsPassOptions;
  /** The call starts nothing after this time. */
  readonly budgetMs: number;
  /** Has migrations retry their own failures, when a pass begins. */
  readonly onNight?: (() => Promise<unknown>) | undefined;
  readonly now: () => Date;
  readonly lookMs?: number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

interface OmsPassOptions {
  readonly open: OpenOms;
  readonly projects: readonly OmsProject[];
  readonly running: number;
  readonly sets: CredentialSets;
  readonly starter: Starter;
}

/** What one call did; `runId` is null when there was no pass to continue. */
export interface PassAnswer extends StartTally {
  readonly runId: string | null;
  /** Another call is running the pass. */
  readonly joined: boolean;
  readonly planned: number;
  readonly fetches: number;
  readonly left: number;
}

const NONE: PassAnswer = {
  runId: null,
  joined: false,
  planned: 0,
  fetches: 0,
  left: 0,
  started: 0,
  already: 0,
  refused: 0,
  remaining: 0,
};

/**
 * @param firedFor the moment of the schedule; `continue` only continues passes with tasks
 * left to start, or begins one that was requested
 */
export async function nightlyPass(
  firedFor: Date | 'continue',
  options: PassOptions,
): Promise<PassAnswer> {
  const { ledger, now } = options;
  const startedAt = now().getTime();
  const deadline = new Date(startedAt + options.budgetMs);
  const answer = await tryLease(ledger, 'nightly', now, async () => {
    const passes = await openPasses(options);
    const newest = passes.find(({ state }) => state !== 'paused');
    const { requestedAt } = firedFor === 'continue' ? await readTimetable(ledger) : {};
    const wanted = requestedAt === undefined ? firedFor : new Date(requestedAt);
    if (wanted === 'continue') return newest ? startTasks(newest, deadline, options) : NONE;
    const runId = passRunId(wanted);
    // Before the run: a call that dies in between is repeated.
    if (!(await ledger.run(runId))) await options.onNight?.();
    const run = await openPass(runId, options);
    if (requestedAt !== undefined) await endRequest(ledger, requestedAt);
    // Older passes end here: this one has listed again what they did not start.
    for (const older of passes) {
      if (older.runId !== runId) await supersede(older, options);
    }
    return startTasks(run, deadline, options);
  });
  return answer ?? { ...NONE, joined: true };
}

/** Newest first, paused ones too. One whose plan an earlier call did not finish is planned now. */
async function openPasses(options: PassOptions): Promise<readonly Run[]> {
  const { items } = await options.ledger.runs({
    states: ['planning', 'active', 'paused'],
    operations: ['retry-failed-objects'],
    migrationId: null,
    limit: 100,
  });
  const opened: Run[] = [];
  for (const run of items) opened.push(await planPass(run, options));
  return opened;
}

async function openPass(runId: string, options: PassOptions): Promise<Run> {
  const { ledger, now } = options;
  const run = await ledger.openRun({
    runId,
    trigger: 'schedule',
    operation: 'retry-failed-objects',
    createdAt: now(),
  });
  return planPass(run, options);
}

/**
 * Decides what the pass does. Nothing of it leaves before all of it is kept, so a call that died is
 * repeated: it adds what has failed since.
 */
async function planPass(run: Run, options: PassOptions): Promise<Run> {
  if (run.state !== 'planning') return run;
  const { ledger, log, objects, shardBytes, maxNights, now, oms } = options;
  const { runId } = run;
  const at = now();
  const skipped = createSkipped();
  const listed = oms
    ? await listFailed({ ...oms, ledger, log, maxNights, skipped })
    : { tasks: [], places: [] };
  const tasks = await openTasks(ledger, runId, listed.tasks, at);
  const isTaken = isWorthNight(maxNights, skipped);
  const runs = closedRuns(ledger, runId, at);
  const { pieces, sources } = await planFailedFetches({ ledger, objects, runId, runs, isTaken });
  const shards = [taskShard(runId, tasks), ...cutPieces(runId, pieces, tasks, shardBytes)];
  const list = pieces.length > 0 ? await keepShardList(runId, shards, options) : undefined;
  const fetches = pieces.reduce((sum, { lines }) => sum + lines, 0);
  const plan = { places: listed.places, left: skipped.all(), tasks, fetches };
  await savePlan(objects, runId, plan);
  for (const source of sources) await ledger.handOver(source, runId);
  const lines = tasks + fetches;
  await ledger.activateRun(runId, {
    shardCount: shards.length,
    sizeBytes: shards.at(-1)?.end ?? 0,
    totals: { lines, quarantined: 0, transfers: lines },
  });
  // The shard of its tasks waits for nobody. What is not queued here, the sweeper queues.
  if (list) await feedFirst(list, shards, (index) => index === 0, options);
  log.info('nightly.planned', { runId, tasks, shards: shards.length - 1 });
  return (await ledger.run(runId)) ?? run;
}

async function supersede({ runId }: Run, { ledger, now }: PassOptions): Promise<void> {
  for (const { attempt, transferId } of await ledger.transfersOf(runId, 0, ['planned'])) {
    const update = { state: 'cancelled', attempt, accepted: [], at: now() } as const;
    await ledger.record(transferId, { ...update, event: 'cancelled' });
  }
}

async function startTasks(
  { runId, state }: Run,
  deadline: Date,
  options: PassOptions,
): Promise<PassAnswer> {
  const { objects, oms } = options;
  const plan = await readPlan(objects, runId);
  const tally =
    oms && state === 'active'
      ? await startPlanned(runId, { ...options, ...oms, deadline })
      : { started: 0, already: 0, refused: 0, remaining: 0 };
  return {
    ...tally,
    runId,
    joined: false,
    planned: plan?.tasks ?? 0,
    fetches: plan?.fetches ?? 0,
    left: plan?.left.reduce((sum, { count }) => sum + count, 0) ?? 0,
  };
}
