/** Auditing: compares the latest list with the target once all is moved, then completes the migration. */
import { openAudit } from '../audit/open.ts';
import type { AuditOrder } from '../audit/state.ts';
import { stepRunId } from './ids.ts';
import type { MigrationRecord, RunEntry } from './record.ts';
import { type Step, type StepOptions, targetOf } from './step.ts';

export const auditStep: Step = async (migration, options) => {
  const { order } = migration;
  const entry = migration.runs.at(-1);
  const listRunId = latestList(migration);
  if (entry?.role !== 'audit') {
    if (order.audit === 'none' || listRunId === undefined) return completed(migration, options);
    const before = migration.runs.findLast(({ role }) => role === 'audit');
    return withAudit(migration, entry?.role === 'again' ? before?.level : undefined);
  }
  const run = await options.ledger.run(entry.runId);
  if (!run) {
    await open(migration, entry, listRunId ?? '', options);
    return undefined;
  }
  if (!run.closedAt) return undefined;
  return completed(run.error ? { ...migration, error: run.error } : migration, options);
};

const completed = (migration: MigrationRecord, { now }: StepOptions): MigrationRecord => ({
  ...migration,
  state: 'completed',
  closedAt: now().toISOString(),
});

/** Of a list that is whole. */
const latestList = ({ rounds }: MigrationRecord): string | undefined =>
  rounds.findLast(({ list }) => list !== undefined)?.listRunId;

/** With another audit, which is opened next. */
export function withAudit(
  migration: MigrationRecord,
  level?: NonNullable<RunEntry['level']>,
): MigrationRecord {
  const { migrationId, rounds, runs } = migration;
  const round = rounds.length - 1;
  const count = runs.filter(({ role }) => role === 'audit').length;
  const runId = stepRunId(migrationId, round, 'audit', count);
  const entry = { runId, role: 'audit', round, lines: 0, ...(level && { level }) } as const;
  return { ...migration, runs: [...runs, entry] };
}

async function open(
  migration: MigrationRecord,
  { runId, level }: RunEntry,
  listRunId: string,
  options: StepOptions,
): Promise<void> {
  const { migrationId, order } = migration;
  const { kind, region, bucket, prefix } = targetOf(migration);
  const account = order.credentials !== undefined && { credentials: order.credentials };
  const audit: AuditOrder = {
    of: { kind: 'list', runId: listRunId },
    target: { kind, region, bucket, ...account },
    prefix,
    level: level ?? (order.audit === 'none' ? 'list' : order.audit),
  };
  await openAudit({ runId, trigger: 'migration', migrationId }, audit, options);
  await options.startAudit?.(runId);
}
