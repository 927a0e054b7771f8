/** A run's report as an HTTP answer: the written one, or what is known while the run goes on. */
import { InputError } from '../errors.ts';
import type { Ledger, Run } from '../ledger/port.ts';
import { rejectedCsv } from '../manifest/quarantine.ts';
import { failedCsv } from '../manifest/reports.ts';
import type { HttpAnswer } from '../middleware.ts';
import type { Objects } from '../objects/port.ts';
import { failures, reportKey } from './closing.ts';
import { summarize } from './summary.ts';

export type ReportName = 'summary.json' | 'failed.csv' | 'rejected.csv';

/** An answer of API Gateway ends at 6 MB; a longer report is read from the store. */
const MAX_ANSWER_BYTES = 5_000_000;

/** @throws InputError (NOT_FOUND) when the report is too long for an answer: the error names its key */
export async function readReport(
  run: Run,
  name: ReportName,
  { ledger, objects }: { readonly ledger: Ledger; readonly objects: Objects },
): Promise<HttpAnswer> {
  const key = reportKey(run.runId, name);
  const content = run.state === 'completed' ? objects.read(key) : await current(run, name, ledger, objects);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of content) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    size += bytes.length;
    if (size > MAX_ANSWER_BYTES) throw tooLong(key, run);
    parts.push(bytes);
  }
  const type = name === 'summary.json' ? 'application/json' : 'text/csv; charset=utf-8';
  return {
    statusCode: 200,
    headers: {
      'content-type': type,
      'content-disposition': `attachment; filename="${run.runId}-${name}"`,
      'cache-control': 'no-store',
    },
    body: Buffer.concat(parts).toString('utf8'),
  };
}

async function current(
  run: Run,
  name: ReportName,
  ledger: Ledger,
  objects: Objects,
): Promise<AsyncIterable<string | Uint8Array>> {
  if (name === 'failed.csv') return failedCsv(failures(ledger, run.runId));
  const shards = await ledger.shards(run.runId);
  if (name === 'rejected.csv') return rejectedCsv(objects, shards);
  const closedAt = run.closedAt ?? null;
  const summary = await summarize(run, shards, failures(ledger, run.runId), closedAt);
  return (async function* () {
    yield `${JSON.stringify(summary, null, 2)}\n`;
  })();
}

function tooLong(key: string, { state }: Run): InputError {
  const where =
    state === 'completed' ? `read it from the object store as ${key}` : 'wait until the run closes';
  return new InputError('NOT_FOUND', `The report is longer than one answer may be; ${where}.`);
}
