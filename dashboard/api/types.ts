/** Types of the HTTP API's answers, taken from the schemas of its description. */
import type { InferOutput } from 'valibot';
import type { auditLogShape } from '../../shared/api/audit-log-responses.ts';
import type { migrationShape, migrationsShape } from '../../shared/api/migration-responses.ts';
import type { paceShape } from '../../shared/api/pace.ts';
import type {
  causeShape,
  healthShape,
  problemShape,
  runShape,
  runsShape,
  sourcesShape,
  timetableShape,
  transferShape,
  transfersShape,
} from '../../shared/api/responses.ts';
import type { CauseClass } from '../../shared/lib/errors.ts';
import type { Summary } from '../../shared/reporting/summary.ts';

export type Cause = InferOutput<typeof causeShape>;
export type Run = InferOutput<typeof runShape>;
export type RunState = Run['state'];
export type Audit = NonNullable<Run['audit']>;
export type RunPage = InferOutput<typeof runsShape>;
export type Transfer = InferOutput<typeof transferShape>;
export type TransferState = Transfer['state'];
export type HistoryEntry = Transfer['history'][number];
export type TransferPage = InferOutput<typeof transfersShape>;
export type Timetable = InferOutput<typeof timetableShape>;
export type HealthPage = InferOutput<typeof healthShape>;
export type AuditLogPage = InferOutput<typeof auditLogShape>;
export type PacePage = InferOutput<typeof paceShape>;
export type ProviderHealth = HealthPage['providers'][number];
export type Problem = InferOutput<typeof problemShape>;
export type Migration = InferOutput<typeof migrationShape>;
export type MigrationState = Migration['state'];
export type MigrationPage = InferOutput<typeof migrationsShape>;
export type SourcePage = InferOutput<typeof sourcesShape>;
export type { MigrationPlan } from '../../shared/plans/plan.ts';
export type { CauseClass };

/** As JSON brings it: instants are texts. */
export type RunSummary = Omit<Summary, 'createdAt' | 'closedAt'>;
export type FailureGroup = Summary['failures'][number];
/** Over all its runs. */
export interface MigrationSummary {
  readonly failures: readonly FailureGroup[];
}

export const RUN_STATES: readonly RunState[] = [
  'planning',
  'active',
  'paused',
  'completed',
  'failed',
  'cancelled',
];
export const MIGRATION_STATES: readonly MigrationState[] = [
  'listing',
  'planned',
  'pilot',
  'moving',
  'auditing',
  'completed',
  'paused',
  'failed',
  'cancelled',
];
export const MIGRATION_ROUTES: readonly Migration['route'][] = [
  'auto',
  'cos-fetch',
  'cos-batch',
  'oms-list',
  'oms-prefix',
  'oms-url-list',
];
export const MIGRATION_AUDITS: readonly Migration['options']['audit'][] = ['list', 'head', 'none'];
export const TRANSFER_STATES: readonly TransferState[] = [
  'planned',
  'submitting',
  'submitted',
  'succeeded',
  'failed',
  'cancelled',
];
export const CAUSE_CLASSES: readonly CauseClass[] = [
  'transient',
  'throttled',
  'quota',
  'credentials',
  'source',
  'request',
  'state',
];
