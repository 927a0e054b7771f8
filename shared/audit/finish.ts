/** The last phase of an audit: its reports as whole files, with their digests. */
import { partNames } from '../ledger/written-parts.ts';
import { digested, type ReportFile } from '../reporting/digest.ts';
import { auditPartKey, auditPrefix, reportKey } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import { AUDIT_REPORTS, type AuditReport, HEADERS } from './report-rows.ts';
import { sourceFiles } from './source-list.ts';
import type { Work } from './work.ts';

const auditReportName = (report: AuditReport): `${AuditReport}.csv` => `${report}.csv`;

/** Repeating it writes the same again. @returns the reports, and the files that were compared */
export async function writeReports(work: Work) {
  const reports: ReportFile[] = [];
  for (const report of AUDIT_REPORTS) {
    const { content, file } = digested(auditReportName(report), textOf(work, report));
    await work.objects.put(reportKey(work.runId, auditReportName(report)), content);
    reports.push(file());
  }
  const lists: ReportFile[] = [];
  for (const key of await sourceFiles(work.state.order, work.objects)) {
    const { content, file } = digested(key, work.objects.read(key));
    for await (const _ of content);
    lists.push(file());
  }
  return { reports, lists };
}

async function* textOf(
  { objects, runId, state }: Work,
  report: AuditReport,
): AsyncGenerator<string | Uint8Array> {
  yield `${HEADERS[report]}\r\n`;
  for (const name of partNames(state.parts[report])) {
    yield* objects.read(auditPartKey(runId, report, name));
  }
}

/** What an audit needs no more once its reports are whole, or nobody goes on with it. */
export async function discardParts(objects: Objects, runId: string): Promise<void> {
  for await (const { key } of objects.list(auditPrefix(runId))) await objects.remove(key);
}
