/**
 * A run and its shards, read together. A sweep reads one for each run, and another one only under
 * the lease of whatever must not act on old knowledge.
 */
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';

export interface Snapshot {
  readonly run: Run;
  /** Those that were opened, in order. */
  readonly shards: readonly ShardRecord[];
}

/** @throws StoreError */
export async function readSnapshot(
  ledger: Pick<Ledger, 'run' | 'shards'>,
  runId: string,
): Promise<Snapshot | undefined> {
  const run = await ledger.run(runId);
  return run && { run, shards: await Array.fromAsync(ledger.shards(runId)) };
}
