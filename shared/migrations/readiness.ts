/**
 * Whether an application may be pointed at the target: GO when the last catch-up found nothing new and
 * nothing is left open, else NO-GO with the reasons.
 */
import { verdictReasons } from '../audit/certificate.ts';
import type { Counted } from './counts.ts';
import { latestRound, type MigrationRecord } from './record.ts';

export interface Readiness {
  readonly verdict: 'GO' | 'NO-GO';
  readonly reasons: readonly string[];
}

export function readinessOf(migration: MigrationRecord, { audit, counts }: Counted): Readiness {
  const reasons = [...openReasons(migration), ...countReasons(counts), ...auditReasons(audit)];
  return { verdict: reasons.length === 0 ? 'GO' : 'NO-GO', reasons };
}

function openReasons(migration: MigrationRecord): readonly string[] {
  const { state } = migration;
  if (state !== 'completed') return [`The migration is ${state}, not completed.`];
  const { kind, comparison, error } = latestRound(migration);
  if (error !== undefined) return ['The last catch-up could not list the source.'];
  if (kind === 'first' || !comparison) {
    return ['No catch-up has shown that nothing changed since the list.'];
  }
  const { new: fresh, changed, unknown } = comparison;
  const moved = fresh + changed.etag + changed.size + changed.modified + unknown;
  return moved === 0
    ? []
    : [`The last catch-up still moved ${objects(moved)}; run another one after writes have ended.`];
}

/** What is not known to have arrived has not. */
function auditReasons(audit: Counted['audit']): readonly string[] {
  if (!audit) return ['No audit has compared the target with the list.'];
  if (!audit.isWhole) return ['The last audit did not compare all.'];
  return verdictReasons(audit, audit.level);
}

function countReasons({ failed, cancelled, quarantined, planned, ...open }: Counted['counts']) {
  const under = planned + open.submitting + open.submitted;
  return [
    ...(failed > 0 ? [`${objects(failed)} failed.`] : []),
    ...(quarantined > 0 ? [`${objects(quarantined)} can't be sent.`] : []),
    ...(cancelled > 0
      ? [`${objects(cancelled)} ${cancelled === 1 ? 'was' : 'were'} cancelled.`]
      : []),
    ...(under > 0 ? [`${objects(under)} ${under === 1 ? 'is' : 'are'} not settled.`] : []),
  ];
}

const objects = (count: number): string => (count === 1 ? '1 object' : `${count} objects`);
