/** A migration as the HTTP API shows it (spec section 16). */
import type { Ledger } from '../ledger/ledger.ts';
import { type Counted, countMigration } from './counts.ts';
import { type Readiness, readinessOf } from './readiness.ts';
import type { MigrationRecord, Round } from './record.ts';

export async function migrationView(
  migration: MigrationRecord,
  ledger: Pick<Ledger, 'readNote' | 'run' | 'transfersOf'>,
) {
  return viewOf(migration, await countMigration(migration, ledger));
}

export const viewOf = (migration: MigrationRecord, counted: Counted) => {
  const { migrationId, name, state, resumeTo, error, order, route, rounds, runs } = migration;
  const { source, list, target, route: ordered, ...options } = order;
  const readiness: Readiness = readinessOf(migration, counted);
  return {
    migrationId,
    name,
    source: source ?? list?.source ?? null,
    ...(list && { list }),
    target,
    route: route ?? ordered,
    options,
    state,
    ...(resumeTo && { resumeTo }),
    ...(error && { error }),
    counts: counted.counts,
    excluded: counted.excluded,
    rounds: rounds.map(roundView),
    readiness,
    ...(counted.audit && { audit: counted.audit }),
    runs: runs.map(({ runId }) => runId),
    roles: Object.fromEntries(runs.map(({ runId, role }) => [runId, role])),
    createdAt: migration.createdAt.toISOString(),
    closedAt: migration.closedAt,
  };
};

/** What a round found; null while its list is not whole. */
function roundView({ kind, startedAt, listRunId, list, comparison, error }: Round) {
  const found = comparison ?? (list ? { new: list.written } : undefined);
  const compared = comparison && {
    changed: Object.values(comparison.changed).reduce((sum, count) => sum + count, 0),
    changedBy: comparison.changed,
    unknown: comparison.unknown,
    unchanged: comparison.unchanged,
    gone: comparison.gone,
  };
  return {
    kind,
    startedAt,
    listRunId,
    listed: list?.listed ?? null,
    new: found?.new ?? null,
    ...compared,
    ...(error !== undefined && { error }),
  };
}
