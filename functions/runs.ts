/**
 * Reads runs, transfers and reports, and starts the run of a manifest that is in the store; calls no
 * provider. Trigger: HTTP, `events/runs.json`. Starting twice finds the same run.
 */
import * as v from 'valibot';
import { openLedger, openObjects, openQueue } from '#wiring';
import { createBearer } from '../shared/bearer.ts';
import { planConfig, runsConfig } from '../shared/config.ts';
import type { Deployment } from '../shared/deployment.ts';
import { CAUSE_CLASSES, InputError } from '../shared/errors.ts';
import { type HttpRequest, parseWith } from '../shared/events.ts';
import { TRANSFER_STATES } from '../shared/ledger/merge.ts';
import type { Ledger, Run } from '../shared/ledger/port.ts';
import { createLog, type Log } from '../shared/log.ts';
import { expose, type HttpAnswer, json, overHttp } from '../shared/middleware.ts';
import type { Objects } from '../shared/objects/port.ts';
import { createPlanner, type Planner } from '../shared/planning.ts';
import { type ReportName, reportKey, reportText } from '../shared/sweeping/report.ts';
import { runView, transferView } from '../shared/views.ts';

export interface Deps {
  readonly authorize: (request: HttpRequest) => void;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly objects: Objects;
  readonly planner: Planner;
}

type Route = (request: HttpRequest) => Promise<HttpAnswer>;

export function createHandler({ authorize, ledger, log, objects, planner }: Deps) {
  const find = async ({ params }: HttpRequest): Promise<Run> => {
    const run = await ledger.run(params['runId'] ?? '');
    if (run) return run;
    const fault = { path: 'runId', message: 'expected the id of a run' };
    throw new InputError('NOT_FOUND', 'There is no such run.', [fault]);
  };

  const report = async (run: Run, name: ReportName): Promise<HttpAnswer> => {
    const key = reportKey(run.runId, name);
    const written = run.state === 'completed';
    const content = written
      ? objects.read(key)
      : reportText(name, run, await ledger.shards(run.runId), { ledger, objects });
    const body = await collect(content);
    if (body === undefined) {
      const where = written ? `read it from the store as ${key}` : 'wait until the run closes';
      throw new InputError('NOT_FOUND', `The report is longer than an answer may be; ${where}.`);
    }
    const type = name.endsWith('.csv') ? 'text/csv; charset=utf-8' : 'application/json';
    const disposition = `attachment; filename="${run.runId}-${name}"`;
    return {
      statusCode: 200,
      headers: {
        'content-type': type,
        'content-disposition': disposition,
        'cache-control': 'no-store',
      },
      body,
    };
  };

  const routes: Readonly<Record<string, Route>> = {
    'GET /runs': async ({ query }) => {
      const { cursor, limit } = parseWith(runsQuery, query, 'The query', 'BODY_INVALID');
      const page = await ledger.runs({ limit, ...(cursor !== undefined && { cursor }) });
      return json(200, { runs: page.items.map(runView), nextCursor: page.nextCursor ?? null });
    },
    'GET /runs/{runId}': async (request) => json(200, runView(await find(request))),
    'GET /runs/{runId}/transfers': async (request) => {
      const query = parseWith(transfersQuery, request.query, 'The query', 'BODY_INVALID');
      const { runId } = await find(request);
      const { cursor, limit, state, cause } = query;
      const page = await ledger.transfers(runId, {
        limit,
        ...(cursor !== undefined && { cursor }),
        ...(state && { states: state }),
        ...(cause && { classes: cause }),
      });
      const transfers = page.items.map(transferView);
      return json(200, { transfers, nextCursor: page.nextCursor ?? null });
    },
    'GET /runs/{runId}/summary.json': async (request) =>
      report(await find(request), 'summary.json'),
    'GET /runs/{runId}/failed.csv': async (request) => report(await find(request), 'failed.csv'),
    'GET /runs/{runId}/rejected.csv': async (request) =>
      report(await find(request), 'rejected.csv'),
    'POST /manifests': async ({ body }) => {
      const { key } = parseWith(manifestBody, parseJson(body), 'The body', 'BODY_INVALID');
      return json(202, { runId: (await planner.plan(key, 'http')).runId });
    },
  };

  return overHttp(async (request) => {
    authorize(request);
    const route = routes[request.routeKey];
    if (!route) throw new InputError('NOT_FOUND', 'There is no such route.');
    return route(request);
  }, log);
}

/** An answer of API Gateway ends at 6 MB. */
const MAX_REPORT_BYTES = 5_000_000;

/** The whole text, undefined when it is longer than an answer may be. */
async function collect(content: AsyncIterable<string | Uint8Array>): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of content) {
    const bytes = Buffer.from(part);
    sizeBytes += bytes.length;
    if (sizeBytes > MAX_REPORT_BYTES) return undefined;
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}

const limit = (max: number, fallback: number) =>
  v.pipe(
    v.optional(v.string(), String(fallback)),
    v.regex(/^\d{1,4}$/, `expected a whole number from 1 to ${max}`),
    v.transform(Number),
    v.minValue(1, `expected a whole number from 1 to ${max}`),
    v.maxValue(max, `expected a whole number from 1 to ${max}`),
  );

/** Comma-separated words of a list. */
const words = <Word extends string>(known: readonly Word[]) =>
  v.optional(
    v.pipe(
      v.string(),
      v.transform((list) => list.split(',')),
      v.array(v.picklist(known, `expected some of ${known.join(', ')}`)),
    ),
  );

const runsQuery = v.object({ cursor: v.optional(v.string()), limit: limit(100, 20) });
const transfersQuery = v.object({
  cursor: v.optional(v.string()),
  limit: limit(1_000, 100),
  state: words(TRANSFER_STATES),
  cause: words(CAUSE_CLASSES),
});
const manifestBody = v.strictObject({
  key: v.pipe(v.string('expected an object key'), v.nonEmpty()),
});

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    const fault = { path: '(whole)', message: 'expected a JSON document' };
    throw new InputError('BODY_INVALID', 'The body is not JSON.', [fault], error);
  }
}

export const handler = expose(async (env) => {
  const { shardBytes } = planConfig(env);
  const config = runsConfig(env);
  const log = createLog({ level: config.logLevel });
  const [ledger, objects, queue] = await Promise.all([
    openLedger(config),
    openObjects(config),
    openQueue(config),
  ]);
  return createHandler({
    authorize: createBearer(config.apiTokens),
    ledger,
    log,
    objects,
    planner: createPlanner({ ledger, objects, queue, shardBytes, log }),
  });
});

export const deployment: Deployment = {
  description: 'Reads runs, transfers and reports; starts the run of a stored manifest.',
  timeoutSeconds: 29,
  memoryMb: 512,
  http: [
    'GET /runs',
    'GET /runs/{runId}',
    'GET /runs/{runId}/transfers',
    'GET /runs/{runId}/summary.json',
    'GET /runs/{runId}/failed.csv',
    'GET /runs/{runId}/rejected.csv',
    'POST /manifests',
  ],
  environment: ['WAYBILL_API_TOKENS', 'WAYBILL_SHARD_BYTES'],
  uses: { ledger: 'write', queue: 'send', objects: 'write' },
};
