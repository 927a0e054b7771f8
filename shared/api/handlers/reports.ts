/**
 * The routes of a run's reports: as written when the run closed, or generated from what is known so
 * far.
 */
import type { Ledger } from '../../ledger/ledger.ts';
import { isStopped, type Run } from '../../ledger/model.ts';
import { InputError } from '../../lib/errors.ts';
import { writeRestCsv } from '../../reporting/csv.ts';
import { type CsvReport, reportText } from '../../runs/reports.ts';
import type { HttpAnswer, HttpRequest } from '../../runtime/http.ts';
import { type AuditFileName, reportKey } from '../../stores/layout.ts';
import type { Objects } from '../../stores/objects.ts';
import type { REPORT_ROUTES } from '../routes/reports.ts';
import { absent, findRun, fits, type Routes } from './common.ts';

/** An answer of API Gateway ends at 6 MB. */
const MAX_REPORT_BYTES = 5_000_000;

/** One of the embedded service at the memory that it has. */
const MAX_LOCAL_BYTES = 256_000_000;

/** API Gateway waits for 30 s, and so does the command line. */
const PATIENCE_MS = 20_000;

/** The store itself has no such limit. */
const redirect = (location: string): HttpAnswer => ({
  statusCode: 302,
  headers: { location, 'cache-control': 'no-store' },
});

export interface ReportOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  /** A signed address, where the store has such. */
  readonly reading?: ((key: string) => Promise<string>) | undefined;
  readonly now: () => Date;
}

export function reportRoutes({
  ledger,
  objects,
  reading,
  now,
}: ReportOptions): Routes<typeof REPORT_ROUTES> {
  const report = async (
    request: HttpRequest,
    name: CsvReport | 'summary.json',
  ): Promise<HttpAnswer> => {
    const run = await findRun(ledger, request);
    const key = reportKey(run.runId, name);
    // Earlier versions closed a failed run without reports.
    const isStored = run.state !== 'failed' || (await objects.head(key)) !== undefined;
    if (run.closedAt && isStored) return stored(run, name, key);
    const shards = await Array.fromAsync(ledger.shards(run.runId));
    const { check, ...stores } = impatient({ ledger, objects, now });
    const body = await collect(reportText(name, run, shards, stores));
    // An object that was not read in time may be told as gone.
    check();
    return answer(run.runId, name, body !== undefined && fits(body) ? body : undefined);
  };

  const rest = async (request: HttpRequest): Promise<HttpAnswer> => {
    const run = await findRun(ledger, request);
    const key = reportKey(run.runId, 'rest.csv');
    if (!isStopped(run)) return answer(run.runId, 'rest.csv', await collect(writeRestCsv([], [])));
    if (run.closedAt && (await objects.head(key))) return stored(run, 'rest.csv', key);
    const message = run.closedAt
      ? 'There is no rest.csv of this run; summary.json says why.'
      : 'There is no rest.csv yet; it is written when the run closes.';
    throw absent('runId', 'expected a run with a rest.csv', message);
  };

  const audited = async (request: HttpRequest, name: AuditFileName): Promise<HttpAnswer> => {
    const run = await findRun(ledger, request);
    const key = reportKey(run.runId, name);
    if (await objects.head(key)) return stored(run, name, key);
    const message =
      run.operation === 'audit-arrival'
        ? `There is no ${name} yet; it is written when all is compared.`
        : `There is no ${name} of this run; audits have one.`;
    throw absent('runId', `expected an audit with a ${name}`, message);
  };

  const stored = ({ runId }: Run, name: string, key: string) =>
    storedReport(runId, name, key, { objects, reading });

  return {
    'GET /runs/{runId}/summary.json': async (request) => report(request, 'summary.json'),
    'GET /runs/{runId}/failed.csv': async (request) => report(request, 'failed.csv'),
    'GET /runs/{runId}/rejected.csv': async (request) => report(request, 'rejected.csv'),
    'GET /runs/{runId}/rest.csv': rest,
    'GET /runs/{runId}/missing.csv': async (request) => audited(request, 'missing.csv'),
    'GET /runs/{runId}/different.csv': async (request) => audited(request, 'different.csv'),
    'GET /runs/{runId}/undecided.csv': async (request) => audited(request, 'undecided.csv'),
    'GET /runs/{runId}/extra.csv': async (request) => audited(request, 'extra.csv'),
    'GET /runs/{runId}/certificate.json': async (request) => audited(request, 'certificate.json'),
  };
}

/** A file of the store as an answer; elsewhere than here, where it is too long for one. */
export async function storedReport(
  of: string,
  name: string,
  key: string,
  { objects, reading }: Pick<ReportOptions, 'objects' | 'reading'>,
): Promise<HttpAnswer> {
  const { sizeBytes = 0 } = (await objects.head(key)) ?? {};
  if (reading && sizeBytes > MAX_REPORT_BYTES) return redirect(await reading(key));
  const maxBytes = reading ? MAX_REPORT_BYTES : MAX_LOCAL_BYTES;
  const body = await collect(objects.read(key), maxBytes);
  if (reading && body !== undefined && !fits(body)) return redirect(await reading(key));
  return answer(of, name, body, `read it from the store as ${key}`);
}

const WAIT = 'wait until the run closes';

/** The stores, to be read shard by shard until patience ends: a run may have a million failures. */
export function impatient({ ledger, objects, now }: Omit<ReportOptions, 'reading'>): Pick<
  ReportOptions,
  'ledger' | 'objects'
> & {
  /** @throws InputError (NOT_FOUND) once the time is over */
  check(): void;
} {
  const until = new Date(now().getTime() + PATIENCE_MS);
  const check = (): void => {
    if (now() < until) return;
    throw new InputError('NOT_FOUND', `The report takes too long for a response; ${WAIT}.`);
  };
  return {
    check,
    ledger: {
      ...ledger,
      transfersOf: async (...shard) => {
        check();
        return ledger.transfersOf(...shard);
      },
    },
    objects: {
      ...objects,
      async *read(...part) {
        check();
        yield* objects.read(...part);
      },
    },
  };
}

export function answer(
  of: string,
  name: string,
  body: string | undefined,
  where = WAIT,
): HttpAnswer {
  if (body === undefined) {
    throw new InputError('NOT_FOUND', `The report is too long for a response; ${where}.`);
  }
  return {
    statusCode: 200,
    headers: {
      'content-type': typeOf(name),
      'content-disposition': `attachment; filename="${of}-${name}"`,
      'cache-control': 'no-store',
    },
    body,
  };
}

const typeOf = (name: string): string =>
  name.endsWith('.csv') ? 'text/csv; charset=utf-8' : 'application/json';

/** The whole text, undefined when it is longer than an answer may be. */
export async function collect(
  content: AsyncIterable<string | Uint8Array>,
  maxBytes = MAX_REPORT_BYTES,
): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of content) {
    const bytes = Buffer.from(part);
    sizeBytes += bytes.length;
    if (sizeBytes > maxBytes) return undefined;
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}
