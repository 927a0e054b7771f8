/** The schemas of responses about migrations (spec section 16). */
import * as v from 'valibot';
import { MIGRATION_STATES } from '../ledger/migration.ts';
import { AUDITS, MIGRATION_ROUTES, RUN_ROLES } from '../migrations/record.ts';
import { auditShape, causeShape, count, instant, objectCounts } from './responses.ts';

/** `listed` is the sum of all others but `bytes`. */
const migrationCountsShape = v.strictObject({
  listed: count,
  excluded: count,
  bytes: count,
  ...objectCounts,
});

const listShape = v.strictObject({
  key: v.string(),
  format: v.optional(v.string()),
  source: v.optional(v.string()),
});

const optionsShape = v.strictObject({
  filters: v.optional(
    v.strictObject({
      prefix: v.optional(v.string()),
      include: v.optional(v.array(v.string())),
      exclude: v.optional(v.array(v.string())),
      minSize: v.optional(count),
      maxSize: v.optional(count),
      modifiedSince: v.optional(v.string()),
    }),
  ),
  pilot: count,
  audit: v.picklist(AUDITS),
  start: v.boolean(),
  credentials: v.optional(v.string()),
  onKeyExist: v.picklist(['ignore', 'override']),
  schedule: v.optional(v.string()),
  stopAbove: count,
});

/** The first list, or a catch-up. */
const roundShape = v.strictObject({
  kind: v.picklist(['first', 'catch-up']),
  startedAt: instant,
  listRunId: v.string(),
  /** Null while the list is being read. */
  listed: v.nullable(count),
  new: v.nullable(count),
  changed: v.optional(count),
  changedBy: v.optional(v.strictObject({ etag: count, size: count, modified: count })),
  unknown: v.optional(count),
  unchanged: v.optional(count),
  gone: v.optional(count),
  error: v.optional(v.string()),
});

export const migrationShape = v.strictObject({
  migrationId: v.string(),
  name: v.string(),
  source: v.nullable(v.string()),
  list: v.optional(listShape),
  target: v.string(),
  route: v.picklist(MIGRATION_ROUTES),
  options: optionsShape,
  state: v.picklist(MIGRATION_STATES),
  resumeTo: v.optional(v.picklist(MIGRATION_STATES)),
  error: v.optional(causeShape),
  counts: migrationCountsShape,
  excluded: v.array(v.strictObject({ reason: v.string(), count })),
  rounds: v.array(roundShape),
  readiness: v.strictObject({
    verdict: v.picklist(['GO', 'NO-GO']),
    reasons: v.array(v.string()),
  }),
  /** The last one. */
  audit: v.optional(v.strictObject({ runId: v.string(), ...auditShape.entries })),
  runs: v.array(v.string()),
  /** What each of its runs is for, by id. */
  roles: v.record(v.string(), v.picklist(RUN_ROLES)),
  createdAt: instant,
  closedAt: v.nullable(instant),
});

/** With its failures by cause, over all its runs. */
export const migrationSummaryShape = v.strictObject({
  ...migrationShape.entries,
  failures: v.array(
    v.strictObject({
      provider: v.string(),
      code: v.string(),
      class: v.string(),
      message: v.string(),
      count,
    }),
  ),
});

export const migrationsShape = v.strictObject({
  migrations: v.array(migrationShape),
  nextCursor: v.nullable(v.string()),
});

export const openedShape = v.strictObject({ migrationId: v.string() });
