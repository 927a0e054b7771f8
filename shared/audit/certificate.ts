/** The certificate of an audit: what was listed, what is in the target and how that is known, and GO or NO-GO. */
import { isFault } from '../manifest/sources/write-manifest.ts';
import type { ReportFile } from '../reporting/digest.ts';
import type { AuditState, Verdicts } from './state.ts';
import type { Outcomes } from './work.ts';

/** The files that were compared, and what was found. */
export interface Findings {
  readonly lists: readonly ReportFile[];
  readonly reports: readonly ReportFile[];
}

export interface Readiness {
  readonly verdict: 'GO' | 'NO-GO';
  readonly reasons: readonly string[];
}

const number = (count: number): string => count.toLocaleString('en-US');

/** Why not, each in a sentence. @param unreadable lines that name nobody knows what */
export function verdictReasons(
  { different, missing, undecided }: Pick<Verdicts, 'different' | 'missing' | 'undecided'>,
  level: AuditState['order']['level'],
  unreadable = 0,
): readonly string[] {
  const stillOpen =
    level === 'list'
      ? 'undecided by the lists: audit at level head'
      : 'undecided, as not even sizes can be compared';
  const all: readonly (readonly [count: number, what: string])[] = [
    [missing, 'missing at the target'],
    [different, 'different at the target'],
    [undecided, stillOpen],
    [unreadable, 'named by lines of the list that nobody can read'],
  ];
  return all
    .filter(([count]) => count > 0)
    .map(
      ([count, what]) => `${number(count)} ${count === 1 ? 'object is' : 'objects are'} ${what}.`,
    );
}

/** Where nothing is in the way, how arrival is known. */
function judgeReadiness(
  { order, source, verdicts }: Pick<AuditState, 'order' | 'source' | 'verdicts'>,
  objects: number,
): Readiness {
  const unreadable = Object.entries(source.leftOut)
    .filter(([reason]) => isFault(reason))
    .reduce((sum, [, count]) => sum + count, 0);
  const reasons = verdictReasons(verdicts, order.level, unreadable);
  if (objects === 0) return { verdict: 'NO-GO', reasons: ['The list names no object.'] };
  if (reasons.length > 0) return { verdict: 'NO-GO', reasons };
  return { verdict: 'GO', reasons: [provedSentence(verdicts, objects)] };
}

/** The sentence an auditor wants. */
function provedSentence({ proved, plausible }: Verdicts, objects: number): string {
  const bySize = plausible > 0 ? `, ${number(plausible)} by size` : '';
  return `${number(proved)} of ${number(objects)} objects are proved by checksum${bySize}.`;
}

interface Certified {
  readonly runId: string;
  readonly migrationId?: string | undefined;
  readonly outcomes?: Outcomes | undefined;
}

/** What is certified; `signCertificate` adds its signature. */
export function certificateOf(
  { runId, migrationId, outcomes }: Certified,
  state: AuditState,
  { lists, reports }: Findings,
  issuedAt: Date,
) {
  const { order, joined, source, target, verdicts, proofs, requests, folderMarkers } = state;
  const { of } = order;
  const repeated = joined?.source.repeated ?? 0;
  const objects = source.objects - repeated;
  const { kind, region, bucket } = order.target;
  const prefix = order.prefix ?? source.prefix ?? '';
  return {
    type: 'waybill-certificate',
    version: 1,
    issuedAt: issuedAt.toISOString(),
    audit: { runId, ...(migrationId !== undefined && { migrationId }), level: order.level },
    source: {
      ...of,
      lines: source.lines,
      leftOut: source.leftOut,
      repeated,
      objects,
      bytes: source.bytes,
      withoutSize: source.withoutSize,
      files: lists,
    },
    ...(outcomes && { outcomes }),
    target: {
      address: `${kind}://${region}/${bucket}/`,
      prefix,
      objects: target.objects,
      bytes: target.bytes,
      folderMarkers,
    },
    verdicts,
    proofs,
    requests,
    reports,
    ...judgeReadiness(state, objects),
  };
}
