/** The verdicts of an audit as text. */
import type { AuditCounts, RunView } from '../io/answers.ts';
import { count, type Paint, plural, printable } from '../io/text.ts';

/** Compared so far, of all that should be there. */
const comparedOf = ({ objects, extra: _, ...audit }: AuditCounts): string => {
  const { proved, plausible, undecided, different, missing } = audit;
  const compared = proved + plausible + undecided + different + missing;
  return `${count(compared)} of ${plural(objects, 'object')}`;
};

/** `999,213 of 1,000,000 objects proved by checksum, 780 by size, 7 missing` */
export function auditSentence(audit: AuditCounts): string {
  const { objects, proved, plausible, undecided, different, missing, extra } = audit;
  const more: readonly (readonly [number, string])[] = [
    [plausible, 'by size'],
    [undecided, 'undecided'],
    [different, 'different'],
    [missing, 'missing'],
    [extra, 'extra'],
  ];
  const said = more
    .filter(([times]) => times > 0)
    .map(([times, what]) => `${count(times)} ${what}`);
  return [`${count(proved)} of ${plural(objects, 'object')} proved by checksum`, ...said].join(
    ', ',
  );
}

/** While it is under way: one line. */
export function auditLine({ audit, state }: RunView, columns: number): string {
  if (!audit || state === 'failed' || state === 'cancelled') return state;
  const line = audit.isWhole ? auditSentence(audit) : `compared: ${comparedOf(audit)}`;
  return line.slice(0, columns - 1);
}

/** Rows for its details. */
export function auditRows(audit: AuditCounts, paint: Paint): readonly (readonly string[])[] {
  const { level, proofs, requests, ...counts } = audit;
  const bad = (value: number) => (value > 0 ? paint('bad', count(value)) : count(value));
  const sent = requests.targetLists + requests.targetHeads + requests.sourceHeads;
  return [
    ['level', level],
    ['compared', comparedOf(audit)],
    ['proved', `${count(counts.proved)} (CRC-64 ${count(proofs.crc64)}, MD5 ${count(proofs.md5)})`],
    ['plausible', count(counts.plausible)],
    ['undecided', bad(counts.undecided)],
    ['different', bad(counts.different)],
    ['missing', bad(counts.missing)],
    ['extra', count(counts.extra)],
    ['requests', count(sent)],
  ];
}

/** Whether something is not as it should be. */
export const hasFindings = ({ undecided, different, missing }: AuditCounts): boolean =>
  undecided + different + missing > 0;

/** How to get its files, once they are there. */
export function auditReportText(run: RunView): string {
  if (!run.audit?.isWhole || run.closedAt === null) return '';
  return `\nObject by object, and the certificate, written by\n  npx waybill report ${printable(run.runId)} --out <folder>\n`;
}
