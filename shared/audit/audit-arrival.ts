/**
 * Compares what should be in a target with what is there, as a run of its own: nothing is sent, and no
 * outcome changes. An audit that was killed at any moment goes on from its last checkpoint, with no
 * object lost and none counted twice.
 */
import { randomUUID } from 'node:crypto';
import { createCheckpointedRuns } from '../ledger/checkpointed-runs.ts';
import type { Run } from '../ledger/model.ts';
import { toCause } from '../lib/cause.ts';
import { ConfigError, InputError, ProviderError } from '../lib/errors.ts';
import { signCertificate } from '../signing/certificate.ts';
import { reportKey } from '../stores/layout.ts';
import { askHeads } from './ask-heads.ts';
import { certificateOf, type Findings } from './certificate.ts';
import { compareSides } from './compare.ts';
import { discardParts, writeReports } from './finish.ts';
import { spoolSource, spoolTarget } from './spool.ts';
import { type AuditState, readAudit } from './state.ts';
import { type AuditOptions, createWork, type Outcome, type Work } from './work.ts';

export function createAudits(options: AuditOptions) {
  const { ledger, log, now, objects } = options;

  const report = async (work: Work): Promise<Outcome> => {
    const findings = await writeReports(work);
    await certify(options, work, findings);
    const saved = await work.save({ ...work.state, phase: 'end' });
    return saved === 'on' ? 'done' : saved;
  };

  const PHASES: Readonly<Record<AuditState['phase'], (work: Work) => Promise<Outcome>>> = {
    source: spoolSource,
    target: spoolTarget,
    join: compareSides,
    heads: askHeads,
    reports: report,
    end: (work) => end(options, work),
  };

  const fail = async (runId: string, error: unknown): Promise<void> => {
    await ledger.stopRun(runId, { state: 'failed', at: now(), error: toCause(error) });
    log.error('run.failed', { runId }, error);
    await discardParts(objects, runId);
  };

  const step = async ({ runId }: Run, deadline: Date): Promise<boolean> => {
    const kept = await readAudit(ledger, runId);
    if (!kept) return true;
    const worker = randomUUID().slice(0, 8);
    const work = createWork({ ...options, runId, kept, worker, deadline });
    try {
      for (;;) {
        const { phase } = work.state;
        const outcome = await PHASES[phase](work);
        if (outcome === 'late') return false;
        if (outcome === 'stopped') {
          await discardParts(objects, runId);
          return true;
        }
        if (phase === 'end') return true;
      }
    } catch (error) {
      if (!isLasting(error)) throw error;
      await fail(runId, error);
      return true;
    }
  };

  return createCheckpointedRuns({
    ...{ ledger, log, now, step },
    operation: 'audit-arrival',
    name: 'audit',
  });
}

/** Without a key there is none. */
async function certify(
  { certificateKey, outcomesOf, ledger, now, objects }: AuditOptions,
  { runId, state }: Work,
  findings: Findings,
): Promise<void> {
  const key = certificateKey?.();
  if (!key) return;
  const { migrationId } = (await ledger.run(runId)) ?? {};
  const outcomes = migrationId === undefined ? undefined : await outcomesOf?.(migrationId);
  const statement = certificateOf({ runId, migrationId, outcomes }, state, findings, now());
  await objects.put(reportKey(runId, 'certificate.json'), signCertificate(statement, key));
}

async function end(
  { ledger, log, objects }: AuditOptions,
  { runId, state }: Work,
): Promise<Outcome> {
  await discardParts(objects, runId);
  const lines = { lines: state.source.lines, quarantined: 0, transfers: 0 };
  await ledger.activateRun(runId, { shardCount: 0, sizeBytes: 0, totals: lines });
  log.info('run.planned', { runId, ...state.verdicts, ...state.requests });
  return 'done';
}

/** What no later call gets past: wrong input, or a provider that refuses for good. */
const isLasting = (error: unknown): boolean =>
  error instanceof InputError ||
  error instanceof ConfigError ||
  (error instanceof ProviderError &&
    (error.class === 'credentials' || error.class === 'request' || error.class === 'state'));
