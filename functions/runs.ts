/**
 * Reads runs, transfers and reports, and starts runs of stored manifests and of objects in a request;
 * calls no provider. Trigger: HTTP, `events/runs.json`. Starting twice finds the same run.
 */
import { openDeadLetters, openLedger, openObjects, openPlanLater, openQueue } from '#wiring';
import {
  fetchesBody,
  manifestBody,
  parseBody,
  parseQuery,
  redriveBody,
  runsQuery,
  transfersQuery,
} from '../shared/api/bodies.ts';
import { fetchesKey, fetchesText, sameKeyOf } from '../shared/api/fetches.ts';
import { claimRun } from '../shared/api/idempotency.ts';
import { openApi } from '../shared/api/openapi.ts';
import { createStatic } from '../shared/api/static.ts';
import { createBearer } from '../shared/bearer.ts';
import { planConfig, runsConfig } from '../shared/config.ts';
import type { Deployment } from '../shared/deployment.ts';
import { InputError } from '../shared/errors.ts';
import type { HttpRequest } from '../shared/events.ts';
import type { Ledger, Run } from '../shared/ledger/port.ts';
import { createLog, type Log } from '../shared/log.ts';
import { expose, type HttpAnswer, json, overHttp } from '../shared/middleware.ts';
import type { Objects } from '../shared/objects/port.ts';
import { createPlanner, type Planner } from '../shared/planning.ts';
import type { DeadLetters } from '../shared/queue/port.ts';
import { type ReportName, reportKey, reportText } from '../shared/sweeping/report.ts';
import { alone, inProgress } from '../shared/tasks/alone.ts';
import { runView, transferView } from '../shared/views.ts';
import type { PlanLater } from '../shared/wiring/types.ts';

export interface Deps {
  readonly authorize: (request: HttpRequest) => void;
  readonly deadLetters: Pick<DeadLetters, 'depth' | 'redrive'>;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly objects: Objects;
  readonly planner: Planner;
  /** For packed manifests, where a request has not the time to unpack them. */
  readonly planLater?: PlanLater | undefined;
  /** The page and its files; absent where there is none. */
  readonly dashboard?: Route;
  /** Takes `https:` sources as they are. */
  readonly allowHttps: boolean;
  readonly now?: () => Date;
}

type Route = (request: HttpRequest) => Promise<HttpAnswer>;

export function createHandler(deps: Deps) {
  const { allowHttps, authorize, deadLetters, ledger, log, objects, planner, planLater } = deps;
  const { dashboard, now = () => new Date() } = deps;
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
      const { cursor, limit } = parseQuery(runsQuery, query);
      const page = await ledger.runs({ limit, ...(cursor !== undefined && { cursor }) });
      return json(200, { runs: page.items.map(runView), nextCursor: page.nextCursor ?? null });
    },
    'GET /runs/{runId}': async (request) => json(200, runView(await find(request))),
    'GET /runs/{runId}/transfers': async (request) => {
      const query = parseQuery(transfersQuery, request.query);
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
    'POST /manifests': async (request) => {
      const body = parseBody(manifestBody, request.body);
      const runId = await claimRun(ledger, request, body, now(), await planner.identify(body.key));
      // Under a key that came before, the run of the version it started.
      const run = await ledger.run(runId);
      if (run && run.state !== 'planning') return json(202, { runId });
      if (planLater && body.key.endsWith('.gz')) {
        await planner.open(body.key, 'http', { runId });
        await planLater({ key: body.key, runId });
      } else {
        await planner.plan(body.key, 'http', { runId });
      }
      return json(202, { runId });
    },
    'GET /dead-letters': async () => json(200, await deadLetters.depth()),
    'POST /dead-letters/redrive': async ({ body }) => {
      const { limit } = parseBody(redriveBody, body === '' ? '{}' : body);
      const moved = await deadLetters.redrive(limit);
      const { dead } = await deadLetters.depth();
      if (moved > 0) log.info('dead-letters.redriven', { moved, left: dead });
      return json(200, { moved, left: dead });
    },
    'POST /fetches': async (request) => {
      const body = parseBody(fetchesBody, request.body);
      const text = fetchesText(body, allowHttps);
      const runId = await claimRun(ledger, request, body, now());
      // Written once: a second write would be another version of the manifest under way.
      await alone(ledger, `run ${runId}`, now, async () => {
        const run = await ledger.run(runId);
        if (run && run.state !== 'planning') return;
        const key = fetchesKey(body, runId);
        await objects.put(key, text);
        await planner.plan(key, 'http', { runId, sameKey: sameKeyOf(body) });
      }).catch(inProgress);
      return json(202, { runId });
    },
  };

  return overHttp(async (request) => {
    // These are for everybody.
    if (request.routeKey === 'GET /openapi.json') return json(200, openApi());
    if (request.routeKey === 'GET /healthz') return json(200, { status: 'ok' });
    if (dashboard && DASHBOARD.includes(request.routeKey)) return dashboard(request);
    authorize(request);
    const route = routes[request.routeKey];
    if (!route) throw new InputError('NOT_FOUND', 'There is no such route.');
    return route(request);
  }, log);
}

const DASHBOARD: readonly string[] = ['GET /', 'GET /assets/{file}'];

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

export const handler = expose(async (env) => {
  const { shardBytes } = planConfig(env);
  const config = runsConfig(env);
  const log = createLog({ level: config.logLevel });
  const [deadLetters, ledger, objects, queue, planLater] = await Promise.all([
    openDeadLetters(config),
    openLedger(config),
    openObjects(config),
    openQueue(config),
    openPlanLater(config),
  ]);
  return createHandler({
    allowHttps: config.allowHttps,
    dashboard: createStatic({ folder: config.dashboard }),
    authorize: createBearer(config.apiTokens),
    deadLetters,
    ledger,
    log,
    objects,
    planner: createPlanner({ ledger, objects, queue, shardBytes, log }),
    planLater,
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
    'POST /fetches',
    'GET /dead-letters',
    'POST /dead-letters/redrive',
    'GET /openapi.json',
    'GET /healthz',
    ...DASHBOARD,
  ],
  files: ['.build/dashboard/**'],
  environment: ['WAYBILL_ALLOW_HTTPS', 'WAYBILL_API_TOKENS', 'WAYBILL_SHARD_BYTES'],
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    indexes: ['failed', 'newest'],
    queue: 'send',
    deadLetters: true,
    objects: {
      read: ['cos-fetch/', 'fetches/', 'reports/', 'staging/'],
      write: ['fetches/'],
    },
    secrets: ['api'],
    invokes: ['plan-manifest'],
  },
};
