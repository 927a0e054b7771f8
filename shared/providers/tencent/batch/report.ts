/**
 * Reads the completion report of a Batch job. The docs describe its columns in words only (COS
 * reference, section 3.4). If there is a header line, it decides; else the order is that of the
 * similar S3 report: bucket, key, version, task status, error code, HTTP status, message.
 */
import { safeText } from '../../../lib/cause.ts';
import { splitCsvLine } from '../../../lib/csv.ts';
import { textLines } from '../../../lib/text-lines.ts';
import type { FailedObject } from '../../../manifest/staging.ts';
import { statusClass } from '../errors.ts';

interface Columns {
  readonly key: number;
  readonly status: number;
  readonly code: number;
  readonly http: number;
  readonly message: number;
}

const DEFAULT: Columns = { key: 1, status: 3, code: 4, http: 5, message: 6 };

/** The objects that failed, in the report's order. */
export async function* readReport(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<FailedObject> {
  let columns: Columns | undefined;
  for await (const line of textLines(bytes)) {
    const fields = splitCsvLine(line.replace(/^\uFEFF/, ''));
    if ('reason' in fields) continue;
    if (columns === undefined) {
      columns = headerOf(fields);
      if (columns) continue;
      columns = DEFAULT;
    }
    const at = (column: number): string => fields[column] ?? '';
    if (at(columns.status).toLowerCase() !== 'failed') continue;
    const http = Number(at(columns.http));
    yield {
      key: at(columns.key),
      code: safeText(at(columns.code) || at(columns.http), 128),
      message: safeText(at(columns.message)),
      class: classOf(http),
    };
  }
}

/** 404 and 403 are the source's: the job itself was allowed to run. */
function classOf(http: number): FailedObject['class'] {
  if (http === 404 || http === 403 || http === 412) return 'source';
  return http >= 400 ? statusClass(http) : 'source';
}

function headerOf(fields: readonly string[]): Columns | undefined {
  const names = fields.map((field) => field.replaceAll(/[^A-Za-z]/g, '').toLowerCase());
  const find = (...wanted: readonly string[]) => names.findIndex((name) => wanted.includes(name));
  const status = find('taskstatus', 'status');
  const key = find('key');
  if (status === -1 || key === -1) return undefined;
  return {
    key,
    status,
    code: find('errorcode', 'code'),
    http: find('httpstatuscode', 'statuscode'),
    message: find('resultmessage', 'errormessage', 'message'),
  };
}
