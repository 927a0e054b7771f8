/**
 * Starts the planned tasks of a nightly pass, region by region, never more at once than a region
 * runs. What does not fit into the given time stays planned, and a later call continues with it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../ledger/ledger.ts';
import { nightKey, type OmsTaskRef, type Transfer } from '../../ledger/model.ts';
import { WaybillError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { OmsProject } from '../../providers/huawei/config.ts';
import type { OpenOms } from '../../providers/huawei/oms/connect.ts';
import type { Starter } from '../../providers/huawei/oms/start-task.ts';
import { freeSlots, noteFull, type Occupant } from '../oms/free-slots.ts';

interface StartTasksOptions {
  readonly ledger: Ledger;
  readonly log: Log;
  readonly open: OpenOms;
  readonly projects: readonly OmsProject[];
  readonly running: number;
  readonly starter: Starter;
  /** No task is started after this instant. */
  readonly deadline: Date;
  readonly now: () => Date;
  /** Between two counts of a full region: tasks run for minutes to days. @default 60000 */
  readonly lookMs?: number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

export interface StartTally {
  started: number;
  /** Already running, or complete, when their turn came. */
  already: number;
  refused: number;
  /** Still planned. */
  remaining: number;
}

export async function startPlanned(runId: string, options: StartTasksOptions): Promise<StartTally> {
  const rows = await options.ledger.transfersOf(runId, 0, ['planned']);
  const tally: StartTally = { started: 0, already: 0, refused: 0, remaining: 0 };
  const regions = new Map<string, Transfer[]>();
  for (const row of rows) {
    if (row.task?.kind !== 'oms') continue;
    const { region } = row.task;
    regions.set(region, [...(regions.get(region) ?? []), row]);
  }
  await Promise.all(
    [...regions].map(([region, planned]) => startRegion(runId, region, planned, tally, options)),
  );
  return tally;
}

async function startRegion(
  runId: string,
  region: string,
  planned: readonly Transfer[],
  tally: StartTally,
  options: StartTasksOptions,
): Promise<void> {
  const { deadline, log, now, running, lookMs = 60_000, wait = sleep } = options;
  const occupants = occupantsOf(planned, options.projects);
  const waiting = [...planned];
  try {
    while (waiting.length > 0 && now() < deadline) {
      // The run may have been cancelled or paused meanwhile.
      if ((await options.ledger.run(runId))?.state !== 'active') break;
      const free = await freeSlots(occupants, { open: options.open, running });
      const [first] = waiting;
      if (free === 0 && first) await noteFull(options.ledger, first, region, now());
      const batch = waiting.splice(0, free);
      const outcomes = await Promise.all(batch.map((row) => startOne(runId, row, tally, options)));
      // The provider asks for less: what is left waits for the next call.
      if (outcomes.includes('throttled')) break;
      const isFull = outcomes.filter((outcome) => outcome === 'taken').length === free;
      if (waiting.length === 0 || !isFull) continue;
      if (now().getTime() + lookMs >= deadline.getTime()) break;
      await wait(lookMs);
    }
  } catch (error) {
    if (!(error instanceof WaybillError) || error.code === 'STORE_FAILED') throw error;
    log.warn('nightly.region-stopped', { region, left: waiting.length }, error);
  }
  tally.remaining += waiting.length;
}

/** `taken`: the task fills a slot; `free`: it does not; `throttled`: the region accepts no more. */
async function startOne(
  runId: string,
  { attempt, task, transferId }: Transfer,
  tally: StartTally,
  { ledger, starter }: StartTasksOptions,
): Promise<'taken' | 'free' | 'throttled'> {
  const ref = task as OmsTaskRef;
  const outcome = await starter.start(transferId, ref, attempt);
  switch (outcome.kind) {
    case 'started':
    case 'unknown':
      tally.started += 1;
      // A night counts once the start was sent, whatever its outcome.
      await ledger.countNight(nightKey(ref), runId);
      return 'taken';
    case 'running':
      tally.already += 1;
      return 'taken';
    case 'complete':
      tally.already += 1;
      return 'free';
    case 'stopped':
      return 'free';
    case 'refused':
      tally.refused += 1;
      return outcome.cause.class === 'throttled' ? 'throttled' : 'free';
  }
}

/** Whose running tasks count in a region: every project and version with planned tasks there. */
function occupantsOf(
  planned: readonly Transfer[],
  projects: readonly OmsProject[],
): readonly Occupant[] {
  const found = new Map<string, Occupant>();
  for (const { task } of planned) {
    if (task?.kind !== 'oms') continue;
    const { region, projectId, version, credentials } = task;
    const project = projects.find((each) => each.region === region && each.projectId === projectId);
    const key = `${projectId} ${version}`;
    found.set(key, { project: project ?? { region, projectId, credentials }, version });
  }
  return [...found.values()];
}
