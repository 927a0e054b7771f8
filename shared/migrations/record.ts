/**
 * The record of a migration: what was ordered, how far it is, and its runs. The ledger keeps it as a
 * document, changed by whoever read its latest version.
 */
import * as v from 'valibot';
import { AUDIT_LEVELS } from '../audit/judge.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type KeptMigration, MIGRATION_STATES, type MigrationState } from '../ledger/migration.ts';
import { CAUSE_CLASSES, InputError, StoreError, withFaults } from '../lib/errors.ts';
import { jsonText, parseWith } from '../lib/validate.ts';
import { listFilters } from '../runs/list-state.ts';

const text = v.string();

const count = v.number();

const counts = v.record(text, count);

/** What the target is given for a source; `auto` leaves it to the plan. */
export const MIGRATION_ROUTES = [
  'auto',
  'cos-fetch',
  'cos-batch',
  'oms-list',
  'oms-prefix',
  'oms-url-list',
] as const;

export type MigrationRoute = (typeof MIGRATION_ROUTES)[number];

/** By tasks that Waybill creates. */
export const isOmsRoute = (route: MigrationRoute | undefined): boolean =>
  route?.startsWith('oms-') ?? false;

export const AUDITS = [...AUDIT_LEVELS, 'none'] as const;

const order = v.object({
  /** `s3://media/photos/`; or a list. */
  source: v.exactOptional(text),
  list: v.exactOptional(
    v.object({ key: text, format: v.exactOptional(text), source: v.exactOptional(text) }),
  ),
  /** `cos://ap-shanghai/examplebucket-1250000000/photos/` */
  target: text,
  route: v.picklist(MIGRATION_ROUTES),
  filters: v.exactOptional(listFilters),
  /** Objects of the pilot. */
  pilot: count,
  audit: v.picklist(AUDITS),
  start: v.boolean(),
  credentials: v.exactOptional(text),
  onKeyExist: v.picklist(['ignore', 'override']),
  /** Of catch-ups; five fields. */
  schedule: v.exactOptional(text),
  /** Percent of failures. */
  stopAbove: count,
});

export type MigrationOrder = v.InferOutput<typeof order>;

export const RUN_ROLES = ['list', 'pilot', 'move', 'retry', 'audit', 'again'] as const;

export type RunRole = (typeof RUN_ROLES)[number];

/** What it sends was not sent before, or failed, and no other run covers it: its objects are counted. */
export const isCounted = ({ coveredBy, role }: Pick<RunEntry, 'coveredBy' | 'role'>): boolean =>
  coveredBy === undefined && role !== 'list' && role !== 'audit' && role !== 'again';

const runEntry = v.object({
  runId: text,
  role: v.picklist(RUN_ROLES),
  /** Of the rounds, from 0. */
  round: count,
  /** Of its manifest, all of them objects; 0 for lists and audits. */
  lines: count,
  /** Its lines are for fetches where the route is Batch: no job can copy them. */
  byFetch: v.exactOptional(v.boolean()),
  /** Of an audit that somebody asked for. */
  level: v.exactOptional(v.picklist(AUDIT_LEVELS)),
  /** The run that took over its failures. */
  handedTo: v.exactOptional(text),
  /** The run that takes all of its objects once more, with all others. */
  coveredBy: v.exactOptional(text),
  /** By OMS: what is at the target is older. */
  overwrites: v.exactOptional(v.literal(true)),
  /** The run whose list it takes once more, by OMS. */
  from: v.exactOptional(text),
  /** Failures that it took over from others without sending them again. */
  left: v.exactOptional(count),
  /** The run that took those over. */
  leftTo: v.exactOptional(text),
});

export type RunEntry = v.InferOutput<typeof runEntry>;

const list = v.object({
  listed: count,
  written: count,
  /** Of what is written; text, as it may exceed 2^53. */
  bytes: text,
  leftOut: counts,
});

const comparison = v.object({
  new: count,
  changed: v.object({ etag: count, size: count, modified: count }),
  unknown: count,
  unchanged: count,
  gone: count,
  /** Lines that are moved: new, changed, unknown, and what failed before. */
  written: count,
  bytes: text,
  /** Earlier failures among the new, changed and unknown, which were counted before. */
  again: count,
  /** Earlier failures that are no longer moved, by reason; `GONE` at the source. */
  excluded: counts,
});

const round = v.object({
  kind: v.picklist(['first', 'catch-up']),
  startedAt: text,
  listRunId: text,
  /** Once it is whole. */
  list: v.exactOptional(list),
  /** Of a catch-up, with the list before it. */
  comparison: v.exactOptional(comparison),
  /** Why it ended without its list; the list before it stands. */
  error: v.exactOptional(text),
  /** Parts of what is to be moved that are cut into manifests, and lines in them. */
  cutParts: count,
  cutLines: count,
});

export type Round = v.InferOutput<typeof round>;

/** Failures that somebody, or a night, wants to be sent again. */
const retryOrder = v.object({
  /** @default all */
  classes: v.exactOptional(v.array(v.picklist(CAUSE_CLASSES))),
  /** At night: what a night helps and was tried less often. */
  maxNights: v.exactOptional(count),
});

export type RetryOrder = v.InferOutput<typeof retryOrder>;

const cause = v.object({
  provider: v.picklist(['tencent', 'huawei', 'waybill']),
  code: text,
  message: text,
  requestId: v.exactOptional(text),
  class: v.picklist(CAUSE_CLASSES),
});

const record = v.object({
  name: text,
  state: v.picklist(MIGRATION_STATES),
  closedAt: v.nullable(text),
  /** While it is paused. */
  resumeTo: v.exactOptional(v.picklist(MIGRATION_STATES)),
  error: v.exactOptional(cause),
  order,
  /** As the plan chose it. */
  route: v.exactOptional(v.picklist(MIGRATION_ROUTES)),
  /** Somebody started what waited for it. */
  isStarted: v.exactOptional(v.boolean()),
  /** Asked for and not begun yet. */
  retry: v.exactOptional(retryOrder),
  /** Somebody resumed it: runs that are paused go on. */
  isResuming: v.exactOptional(v.boolean()),
  /** Settled when somebody resumed it last: what failed before stops it no more. */
  resumedAt: v.exactOptional(v.object({ succeeded: count, failed: count })),
  /** The audit whose findings are to be sent again. */
  resend: v.exactOptional(text),
  rounds: v.array(round),
  runs: v.array(runEntry),
});

type RecordDocument = v.InferOutput<typeof record>;

export interface MigrationRecord extends RecordDocument {
  readonly migrationId: string;
  readonly createdAt: Date;
  readonly version: number;
}

/** @throws StoreError that names the migration and the field */
export function toRecord({ migrationId, createdAt, version, document }: KeptMigration) {
  try {
    const parsed = parseWith(v.pipe(jsonText, record), document, `Migration ${migrationId}`);
    return { ...parsed, migrationId, createdAt, version } satisfies MigrationRecord;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new StoreError(withFaults(error).message, error);
  }
}

export function toKept(migration: MigrationRecord): KeptMigration {
  const { migrationId, createdAt, version, ...document } = migration;
  const { closedAt, state } = document;
  return {
    ...{ migrationId, createdAt, version, state },
    ...(closedAt !== null && { closedAt: new Date(closedAt) }),
    document: JSON.stringify(document),
  };
}

/** @throws StoreError */
export async function readMigration(
  ledger: Pick<Ledger, 'migration'>,
  migrationId: string,
): Promise<MigrationRecord | undefined> {
  const kept = await ledger.migration(migrationId);
  return kept && toRecord(kept);
}

/** Each time somebody else was faster. */
const MAX_TRIES = 20;

/**
 * Changes a migration as it is now, once more when somebody else was faster.
 * @param change the same record when there is nothing to write
 * @throws StoreError; what `change` throws
 */
export async function changeMigration(
  ledger: Pick<Ledger, 'migration' | 'changeMigration'>,
  migrationId: string,
  change: (migration: MigrationRecord) => MigrationRecord | Promise<MigrationRecord>,
): Promise<MigrationRecord> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const found = await readMigration(ledger, migrationId);
    if (!found) break;
    const changed = await change(found);
    if (changed === found) return found;
    if (await ledger.changeMigration(toKept(changed))) return changed;
  }
  throw new StoreError(`Migration ${migrationId} could not be written.`);
}

/** The round that is under way, or was last. */
export const latestRound = ({ rounds }: Pick<MigrationRecord, 'rounds'>): Round =>
  rounds.at(-1) as Round;

export const withRound = (migration: MigrationRecord, round: Round): MigrationRecord => ({
  ...migration,
  rounds: [...migration.rounds.slice(0, -1), round],
});

/** Nothing goes on by itself. */
export const hasEnded = (state: MigrationState): boolean =>
  state === 'completed' || state === 'cancelled' || state === 'failed';
