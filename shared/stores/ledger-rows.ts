/** Converts rows of relational stores to ledger types and back. */
import { type AuditEntry, parseAuditEntry } from '../ledger/audit-log.ts';
import { latestId, toHistory } from '../ledger/history.ts';
import type { IntentWindow, Mark, ShardRecord, ShardState } from '../ledger/ledger.ts';
import type { ListedFields } from '../ledger/listed-fields.ts';
import { TRANSFER_STATES, type TransferState } from '../ledger/merge.ts';
import type { KeptMigration, MigrationState } from '../ledger/migration.ts';
import type {
  ManifestTotals,
  Operation,
  Run,
  RunState,
  Transfer,
  TransferObject,
  TransferProgress,
  TransferTask,
} from '../ledger/model.ts';
import type { Shard } from '../ledger/shard.ts';
import type { Tally } from '../ledger/tally.ts';
import type { Cause } from '../lib/errors.ts';

export type Row = Record<string, string | number | null>;

const text = (row: Row, name: string): string => String(row[name]);

const number = (row: Row, name: string): number => Number(row[name]);

const at = (row: Row, name: string): Date => new Date(number(row, name));

const json = <Value>(row: Row, name: string): Value => JSON.parse(text(row, name)) as Value;

const has = (row: Row, name: string): boolean => row[name] !== null && row[name] !== undefined;

/**
 * The sums over its shards that make the counts of a run.
 *
 * @param greatest what takes the larger of two in this SQL
 */
export function sumsOverShards(greatest: 'MAX' | 'GREATEST'): string {
  const states = 'planned submitting submitted failed cancelled succeeded'.split(' ');
  // Transfers of a shard that were read and have no row.
  const unsent = `${greatest}(0, transfers - ${states.join(' - ')})`;
  const sums = {
    lines: 'lines - header',
    quarantined: 'quarantined',
    ...Object.fromEntries(states.map((state) => [state, state])),
    planned: `planned + ${unsent}`,
    unsent,
    read_bytes: 'last - first',
  };
  return Object.entries(sums)
    .map(([name, sum]) => `COALESCE(SUM(${sum}), 0) AS ${name}`)
    .join(', ');
}

/** A row of `runs` joined with the sums over its shards. */
export function toRun(row: Row): Run {
  return {
    runId: text(row, 'run_id'),
    trigger: text(row, 'trigger') as Run['trigger'],
    operation: text(row, 'operation') as Operation,
    state: text(row, 'state') as RunState,
    createdAt: at(row, 'created_at'),
    counts: {
      lines: number(row, 'lines'),
      quarantined: number(row, 'quarantined'),
      ...stateCounts(row),
    },
    readBytes: number(row, 'read_bytes'),
    unsent: number(row, 'unsent'),
    ...(has(row, 'source') && { source: json<NonNullable<Run['source']>>(row, 'source') }),
    ...(has(row, 'target') && { target: json<NonNullable<Run['target']>>(row, 'target') }),
    ...(has(row, 'task') && { task: json<NonNullable<Run['task']>>(row, 'task') }),
    ...(has(row, 'error') && { error: json<Cause>(row, 'error') }),
    ...(has(row, 'shard_count') && {
      plan: {
        shardCount: number(row, 'shard_count'),
        sizeBytes: number(row, 'size_bytes'),
        ...(has(row, 'totals') && { totals: json<ManifestTotals>(row, 'totals') }),
      },
    }),
    ...(has(row, 'stopped_at') && { stoppedAt: at(row, 'stopped_at') }),
    ...(has(row, 'resumed_at') && { resumedAt: at(row, 'resumed_at') }),
    ...(has(row, 'closing_at') && { closingAt: at(row, 'closing_at') }),
    ...(has(row, 'closed_at') && { closedAt: at(row, 'closed_at') }),
    ...(has(row, 'handed_to') && { handedTo: text(row, 'handed_to') }),
    ...(has(row, 'migration_id') && { migrationId: text(row, 'migration_id') }),
  };
}

const stateCounts = (row: Row): Record<TransferState, number> =>
  Object.fromEntries(TRANSFER_STATES.map((state) => [state, number(row, state)])) as Record<
    TransferState,
    number
  >;

export const toShardState = (row: Row): ShardState => ({
  index: number(row, 'shard'),
  ended: row['ended'] === 1,
  updatedAt: at(row, 'updated_at'),
  ...(number(row, 'leased_until') > 0 && { leasedUntil: at(row, 'leased_until') }),
});

export function toShardRecord(row: Row): ShardRecord {
  const { index: _, ...state } = toShardState(row);
  const counts = stateCounts(row);
  const shard = json<Shard>(row, 'body');
  // Rows are read at no cost here, so nobody counts them by cause.
  const tried = counts.failed > 0 && { leastTried: 1 };
  const described = has(row, 'described_at') && { describedAt: at(row, 'described_at') };
  return { ...state, ...described, shard, tally: toTally(row), counts, ...tried };
}

function toTally(row: Row): Tally {
  return {
    ...(has(row, 'first') && { first: number(row, 'first') }),
    ...(has(row, 'last') && { last: number(row, 'last') }),
    lines: number(row, 'lines'),
    header: number(row, 'header'),
    blank: number(row, 'blank'),
    quarantined: number(row, 'quarantined'),
    transfers: number(row, 'transfers'),
    warnings: json<Tally['warnings']>(row, 'warnings'),
  };
}

export const toWindows = (row: Row): readonly IntentWindow[] =>
  json<[number, number][]>(row, 'windows').map(([through, ms]) => ({ through, at: new Date(ms) }));

export const fromWindows = (windows: readonly IntentWindow[]): string =>
  JSON.stringify(windows.map(({ through, at: since }) => [through, since.getTime()]));

/** @param written `line:byte`, separated by commas, in the order of the lines */
export const toMarks = (written: string): readonly Mark[] =>
  written === ''
    ? []
    : written.split(',').map((mark) => {
        const [line = 0, byte = 0] = mark.split(':').map(Number);
        return { line, byte };
      });

/** A shard is read in the order of its lines, and again from its start: a mark is kept once. */
export function withMark(written: string, mark: Mark | undefined): string {
  if (!mark || mark.line <= (toMarks(written).at(-1)?.line ?? -1)) return written;
  return `${written}${written === '' ? '' : ','}${mark.line}:${mark.byte}`;
}

export function toTransfer(row: Row): Transfer {
  const runId = text(row, 'run_id');
  const [shard, line] = [number(row, 'shard'), number(row, 'line')];
  const accepted = toAccepted(row);
  const providerId = latestId(accepted);
  const object = toObject(row);
  return {
    transferId: `${runId}.${shard}.${line}`,
    runId,
    shard,
    line,
    state: text(row, 'state') as TransferState,
    attempt: number(row, 'attempt'),
    accepted,
    ...(object && { object }),
    ...(has(row, 'task') && { task: json<TransferTask>(row, 'task') }),
    ...(providerId !== undefined && { providerId }),
    ...(has(row, 'progress') && { progress: json<TransferProgress>(row, 'progress') }),
    ...(has(row, 'cause') && { cause: json<Cause>(row, 'cause') }),
    updatedAt: at(row, 'updated_at'),
    history: toHistory(text(row, 'history')),
  };
}

export const toAccepted = (row: Row): readonly string[] => json(row, 'accepted');

function toObject(row: Row): TransferObject | undefined {
  if (!has(row, 'url')) return undefined;
  const md5 = has(row, 'md5') ? { md5: text(row, 'md5') } : {};
  const listed = has(row, 'listed') ? json<ListedFields>(row, 'listed') : {};
  return { url: text(row, 'url'), key: text(row, 'key'), ...md5, ...listed };
}

export const toMigration = (row: Row): KeptMigration => ({
  migrationId: String(row['migration_id']),
  createdAt: new Date(Number(row['created_at'])),
  state: row['state'] as MigrationState,
  ...(row['closed_at'] !== null && { closedAt: new Date(Number(row['closed_at'])) }),
  document: String(row['document']),
  version: Number(row['version']),
});

export const toAuditEntry = (row: Row): AuditEntry =>
  parseAuditEntry(
    text(row, 'entry_id'),
    number(row, 'at'),
    has(row, 'subject') ? text(row, 'subject') : null,
    text(row, 'entry'),
  );
