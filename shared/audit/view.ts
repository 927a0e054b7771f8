/** An audit as the HTTP API shows it: beside its run, and in the certificate. */
import type { Notes } from '../ledger/notes.ts';
import { type AuditState, readAudit } from './state.ts';

const auditView = ({ order, phase, joined, source, verdicts, proofs, requests }: AuditState) => ({
  level: order.level,
  /** Whether all is compared. */
  isWhole: phase === 'reports' || phase === 'end',
  /** All that should be in the target, as far as it is listed, each key once. */
  objects: source.objects - (joined?.source.repeated ?? 0),
  ...verdicts,
  proofs,
  requests,
});

export type AuditView = ReturnType<typeof auditView>;

/** Of a run that is none, undefined. @throws StoreError */
export async function readAuditView(ledger: Pick<Notes, 'readNote'>, runId: string) {
  const kept = await readAudit(ledger, runId);
  return kept && auditView(kept.state);
}
