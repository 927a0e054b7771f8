/** Answers about migrations that the command line reads. Their known fields are checked, others are kept. */
import * as v from 'valibot';
import { MIGRATION_STATES } from '../../shared/ledger/migration.ts';
import { audit, cause, failureGroup, instant, objectCounts, size } from './answers.ts';

export const migration = v.looseObject({
  migrationId: v.string(),
  name: v.string(),
  /** Null for a list that has addresses. */
  source: v.nullable(v.string()),
  list: v.optional(v.looseObject({ key: v.string() })),
  target: v.string(),
  route: v.string(),
  options: v.looseObject({ start: v.boolean() }),
  state: v.picklist(MIGRATION_STATES),
  /** While it is paused. */
  resumeTo: v.optional(v.picklist(MIGRATION_STATES)),
  error: v.optional(cause),
  counts: v.looseObject({
    listed: size,
    excluded: size,
    bytes: size,
    ...objectCounts,
  }),
  excluded: v.array(v.looseObject({ reason: v.string(), count: size })),
  rounds: v.array(v.looseObject({ kind: v.string(), startedAt: instant })),
  readiness: v.looseObject({ verdict: v.picklist(['GO', 'NO-GO']), reasons: v.array(v.string()) }),
  /** The last one. */
  audit: v.optional(audit),
  runs: v.array(v.string()),
  /** What each of its runs is for, by id. */
  roles: v.record(v.string(), v.string()),
  createdAt: instant,
  closedAt: v.nullable(instant),
});
export type MigrationView = v.InferOutput<typeof migration>;

export const migrationPage = v.looseObject({
  migrations: v.array(migration),
  nextCursor: v.nullable(v.string()),
});

export const opened = v.looseObject({ migrationId: v.string() });

/** Over all its runs. */
export const migrationSummary = v.looseObject({
  migrationId: v.string(),
  failures: v.array(failureGroup),
});
