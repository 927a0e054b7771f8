/**
 * Works on runs that go on from checkpoint to checkpoint, such as audits: one worker at a time on a run,
 * whoever else is told to, and whatever a killed one left.
 */
import type { Log } from '../lib/log.ts';
import { everyItem } from './cursors.ts';
import { tryLease } from './lease.ts';
import type { Ledger } from './ledger.ts';
import type { Operation, Run } from './model.ts';

interface CheckpointedRuns {
  readonly operation: Operation;
  /** Names the lease, as in `<name> <runId>`. */
  readonly name: string;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly now: () => Date;
  /** Goes on with an open run. @returns whether it ended before the time @throws what passes */
  readonly step: (run: Run, deadline: Date) => Promise<boolean>;
}

interface WorkAnswer {
  readonly runIds: readonly string[];
  /** Of them, those that could not go on now. */
  readonly failed: number;
}

export function createCheckpointedRuns(options: CheckpointedRuns) {
  const { operation, name, ledger, log, now, step } = options;

  /** @returns `late` when the time ended first, `held` when another worker has it */
  const work = async (runId: string, deadline: Date): Promise<'ended' | 'held' | 'late'> => {
    const outcome = await tryLease(ledger, `${name} ${runId}`, now, async () => {
      const run = await ledger.run(runId);
      if (run?.state !== 'planning' || run.operation !== operation) return 'ended';
      return (await step(run, deadline)) ? 'ended' : 'late';
    });
    return outcome ?? 'held';
  };

  /** As `work`. A failure is logged: whoever calls next goes on. */
  const workOrLog = (runId: string, deadline: Date) =>
    work(runId, deadline).catch((error: unknown) => {
      log.error('run.delayed', { runId }, error);
      return 'failed' as const;
    });

  /** Continues every open run, one after the other; one that fails is left to the next call. */
  const workOnAll = async (deadline: Date): Promise<WorkAnswer> => {
    const runIds: string[] = [];
    let failed = 0;
    const found = everyItem((part) =>
      ledger.runs({ states: ['planning'], operations: [operation], unclosed: true, ...part }),
    );
    for await (const { runId } of found) {
      if (now() >= deadline) return { runIds, failed };
      runIds.push(runId);
      if ((await workOrLog(runId, deadline)) === 'failed') failed += 1;
    }
    return { runIds, failed };
  };

  return { work, workOrLog, workOnAll };
}
