/** Listing: opens the list of a round, and takes over what it found. */
import { toCause } from '../lib/cause.ts';
import { StoreError } from '../lib/errors.ts';
import { type ListOrder, openListRun, readListState } from '../runs/list-state.ts';
import { compareLists } from './compare.ts';
import { latestRound, type MigrationRecord, withRound } from './record.ts';
import type { Step, StepOptions } from './step.ts';

export const listStep: Step = async (migration, options) => {
  const { ledger } = options;
  const round = latestRound(migration);
  const { listRunId } = round;
  // Before its run: whoever cancels must know it.
  if (!migration.runs.some(({ runId }) => runId === listRunId)) {
    const entry = { runId: listRunId, role: 'list', lines: 0 } as const;
    const runs = [...migration.runs, { ...entry, round: migration.rounds.length - 1 }];
    return { ...migration, runs };
  }
  const run = await ledger.run(listRunId);
  if (!run) {
    await openList(migration, options);
    return undefined;
  }
  if (run.state === 'planning' || run.state === 'paused') return undefined;
  if (run.state === 'active' || run.state === 'completed') return takeList(migration, options);
  const error = run.error ?? toCause(new StoreError('The list was cancelled.'));
  if (round.kind === 'first') {
    return { ...migration, state: 'failed', error, closedAt: options.now().toISOString() };
  }
  // What is known of the source before stands.
  return { ...withRound(migration, { ...round, error: error.message }), state: 'auditing', error };
};

async function openList(migration: MigrationRecord, options: StepOptions): Promise<void> {
  const { migrationId } = migration;
  const { listRunId: runId } = latestRound(migration);
  await openListRun({ runId, trigger: 'migration', migrationId }, listOrder(migration), options);
  await options.startList?.(runId);
}

function listOrder({ order, rounds }: MigrationRecord): ListOrder {
  const { source, list, filters, target } = order;
  const common = {
    target: prefixOf(target),
    ...(filters && { filters }),
    ...(rounds.length > 1 && { keepsLeftOut: true }),
  };
  if (source !== undefined || !list) return { source: source ?? '', ...common };
  const { key, format, source: base } = list;
  return {
    source: key,
    ...(format !== undefined && { format: format as NonNullable<ListOrder['format']> }),
    ...(base !== undefined && { base }),
    ...common,
  };
}

/** Decoded; empty for the whole bucket. */
const prefixOf = (target: string): string =>
  decodeURIComponent(/^\w+:\/\/[^/]*\/[^/]*\/(.*)$/s.exec(target)?.[1] ?? '');

async function takeList(
  migration: MigrationRecord,
  options: StepOptions,
): Promise<MigrationRecord> {
  const round = latestRound(migration);
  const kept = await readListState(options.ledger, round.listRunId);
  if (!kept) throw new StoreError(`The list of run ${round.listRunId} is gone.`);
  const { listed, written, bytes, leftOut } = kept.state.totals;
  const found = { ...round, list: { listed, written, bytes, leftOut } };
  const { error: _, ...listedMigration } = withRound(migration, found);
  if (round.kind === 'first') return { ...listedMigration, state: 'planned' };
  return compareLists(listedMigration, options);
}
