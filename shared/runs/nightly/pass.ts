/**
 * Runs one nightly pass: decides which failures of the last day are retried, saves that plan, and
 * starts it. Safe to repeat at any point, because the plan is made once and each later step finds
 * what is already done.
 */
import { tryLease } from '../../ledger/lease.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Run } from '../../ledger/model.ts';
import type { Log } from '../../lib/log.ts';
import type { OmsProject } from '../../providers/huawei/config.ts';
import type { CredentialSets } from '../../providers/huawei/credential-sets.ts';
import type { OpenOms } from '../../providers/huawei/oms/connect.ts';
import type { Starter } from '../../providers/huawei/oms/start-task.ts';
import type { Objects } from '../../stores/objects.ts';
import type { QueueSender } from '../../stores/queue.ts';
import { feedFirst, keepShardList } from '../feed.ts';
import { openTaskRun, taskShard } from '../task-runs.ts';
import { cutPieces, passRunId, planFailedFetches } from './failed-fetches.ts';
import { listFailed } from './failed-tasks.ts';
import { createSkipped, type NightPlan, readPlan, savePlan } from './plan.ts';
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
  readonly now: () => Date;
  readonly lookMs?: number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

export interface OmsPassOptions {
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
    const [newest, ...others] = await openPasses(options);
    const { requestedAt } = firedFor === 'continue' ? await readTimetable(ledger) : {};
    const wanted = requestedAt === undefined ? firedFor : new Date(requestedAt);
    if (wanted === 'continue') return newest ? startTasks(newest, deadline, options) : NONE;
    const runId = passRunId(wanted);
    const run = await openPass(runId, options);
    if (requestedAt !== undefined) await endRequest(ledger, requestedAt);
    // Older passes end here: this one has listed again what they did not start.
    for (const older of newest ? [newest, ...others] : []) {
      if (older.runId !== runId) await supersede(older, options);
    }
    return startTasks(run, deadline, options);
  });
  return answer ?? { ...NONE, joined: true };
}

/** Newest first. If a call died after its plan was saved, its run is opened from that plan. */
async function openPasses(options: PassOptions): Promise<readonly Run[]> {
  const { ledger, objects, now } = options;
  const { items } = await ledger.runs({
    states: ['planning', 'active'],
    operations: ['retry-failed-objects'],
    limit: 100,
  });
  const opened: Run[] = [];
  for (const run of items) {
    if (run.state === 'active') opened.push(run);
    else if (await readPlan(objects, run.runId)) opened.push(await openPass(run.runId, options));
    else await ledger.stopRun(run.runId, { state: 'cancelled', at: now() });
  }
  return opened;
}

async function openPass(runId: string, options: PassOptions): Promise<Run> {
  const { ledger, log, objects, shardBytes, now } = options;
  const run = await ledger.openRun({
    runId,
    trigger: 'schedule',
    operation: 'retry-failed-objects',
    createdAt: now(),
  });
  if (run.state !== 'planning') return run;
  const plan = (await readPlan(objects, runId)) ?? (await makePlan(runId, options));
  const { pieces, sources } = plan.fetches;
  const shards = cutPieces(runId, pieces, plan.tasks.length, shardBytes);
  if (shards.length > 0) {
    // Its tasks are shard 0.
    const all = [taskShard(runId, plan.tasks.length), ...shards];
    const list = await keepShardList(runId, all, options);
    await feedFirst(list, all, (at) => at === 0, options);
  }
  for (const source of sources) await ledger.handOver(source, runId);
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.sizeBytes, 0);
  const lines = pieces.reduce((sum, piece) => sum + piece.lines, 0);
  const more = { shardCount: shards.length, sizeBytes, lines };
  const opened = await openTaskRun(ledger, run, plan.tasks, now(), more);
  log.info('nightly.planned', { runId, tasks: plan.tasks.length, shards: shards.length });
  return opened;
}

/** Made once, and saved before anything is started from it. */
async function makePlan(runId: string, options: PassOptions): Promise<NightPlan> {
  const { ledger, log, objects, maxNights, now, oms } = options;
  const skipped = createSkipped();
  const at = now();
  const listed = oms
    ? await listFailed({ ...oms, ledger, log, maxNights, skipped })
    : { tasks: [], places: [] };
  const fetches = await planFailedFetches({ ledger, objects, runId, skipped, maxNights, now: at });
  const plan: NightPlan = { at: at.toISOString(), ...listed, left: skipped.all(), fetches };
  await savePlan(objects, runId, plan);
  return plan;
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
    ...NONE,
    ...tally,
    runId,
    planned: plan?.tasks.length ?? 0,
    fetches: plan?.fetches.pieces.reduce((sum, { lines }) => sum + lines, 0) ?? 0,
    left: plan?.left.reduce((sum, { count }) => sum + count, 0) ?? 0,
  };
}
