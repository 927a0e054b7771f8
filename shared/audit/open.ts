/** Opens the run of an audit; `audit-arrival` goes on with it. */
import type { Ledger } from '../ledger/ledger.ts';
import type { NewRun, Run } from '../ledger/model.ts';
import type { Log } from '../lib/log.ts';
import { type AuditOrder, newAudit, readAudit, saveAudit } from './state.ts';

/** The same id finds the same audit. @throws StoreError */
export async function openAudit(
  run: Pick<NewRun, 'runId' | 'trigger' | 'migrationId'>,
  order: AuditOrder,
  { ledger, log, now }: { readonly ledger: Ledger; readonly log: Log; readonly now: () => Date },
): Promise<Run> {
  const { runId } = run;
  const { kind, region, bucket, credentials } = order.target;
  // Before the run: one without it would be open for good.
  if (!(await readAudit(ledger, runId))) {
    await saveAudit(ledger, runId, newAudit(order), undefined);
    log.info('run.opened', { runId, target: `${kind}://${region}/${bucket}` });
  }
  const target = { region, bucket, ...(credentials !== undefined && { credentials }) };
  return ledger.openRun({ ...run, operation: 'audit-arrival', target, createdAt: now() });
}
